import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'
import { buildPage } from '../../ui/build.mjs'
import { patienceMs } from '../until.ts'

export const executablePath: string = process.env['CHROMIUM'] ?? '/usr/bin/chromium'

export const hasBrowser: boolean = existsSync(executablePath)
if (!hasBrowser) console.warn(`skipped: no chromium at ${executablePath}; set CHROMIUM`)

export async function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking']
  })
}

/** A page that remembers everything that must not happen on it. */
export interface Watched {
  page: Page
  /** Requests to other origins, policy violations, uncaught errors, dialogs. */
  faults: string[]
}

export async function open(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {}
): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 760 }, ...options })
  context.setDefaultTimeout(patienceMs)
  const page = await context.newPage()
  const faults: string[] = []
  // A file may ask for nothing but itself.
  const home = url.startsWith('file:') ? (url.split('#')[0] as string) : new URL(url).origin
  page.on('request', (request) => {
    const target = request.url()
    if (!target.startsWith(home) && !/^(?:data|blob):/.test(target))
      faults.push(`request to ${target}`)
  })
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`))
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('console', (message) => {
    if (/content security policy|trusted type/i.test(message.text())) faults.push(message.text())
  })
  await page.goto(url)
  return { page, faults }
}

/** Builds the page as it ships, unless what is built is newer than all of its sources. */
export async function buildOnce(): Promise<void> {
  const root = fileURLToPath(new URL('../../', import.meta.url))
  const built = changed(join(root, 'dist/ui/manifest.json'))
  const sources = ['ui', 'src/wire'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true }).map((file) =>
      join(root, folder, String(file))
    )
  )
  if (sources.some((file) => changed(file) > built)) await buildPage()
}

function changed(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

/** The traces whose rows are in the document, from the top. */
export async function rowIds(page: Page): Promise<string[]> {
  return page.$$eval('.traces-grid .item', (rows) =>
    rows
      .map((row) => ({
        top: row.getBoundingClientRect().top,
        id: (row as HTMLElement).dataset['trace'] ?? ''
      }))
      .sort((a, b) => a.top - b.top)
      .map(({ id }) => id)
  )
}

const axeSource = readFileSync(
  new URL('../../node_modules/axe-core/axe.min.js', import.meta.url),
  'utf8'
)

/** What axe finds wrong with the page as it stands: WCAG 2.2 AA and its best practices. */
export async function violations(page: Page): Promise<string[]> {
  // The page's policy allows no foreign script; the debugger's evaluation is not under it.
  await page.evaluate(axeSource)
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: {
        run: (
          root: Document,
          options: unknown
        ) => Promise<{
          violations: { id: string; nodes: { target: string[]; failureSummary: string }[] }[]
        }>
      }
    }
    const found = await axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
    })
    return found.violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.target.join(' ')}: ${node.failureSummary}`)
    )
  })
}
