import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Summary } from '../../src/wire/summary.ts'
import { hostile, hostileBody } from '../security/hostile.ts'
import { hasBrowser, violations } from './browser.ts'
import { useRealPages } from './real-pages.ts'

describe.skipIf(!hasBrowser)('a page that is saved', () => {
  const real = useRealPages()
  let folder: string
  let loop: Summary
  let logs: Summary

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'spanlight-saved-'))
    loop = await real.app.visit('/loop')
    logs = await real.app.visit('/logs')
    await real.app.visit('/fails')
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  /** Saves what the API gives and opens it from the disk; a request to anywhere else fails the test. */
  async function openSaved(path: string, hash = '', options: BrowserContextOptions = {}) {
    const answer = await fetch(`${real.app.page}api/${path}`)
    expect(answer.status).toBe(200)
    const file = join(folder, `${Math.random()}.html`)
    await writeFile(file, await answer.text())
    const { page } = await real.openPage(pathToFileURL(file).href + hash, options)
    return page
  }

  const texts = (page: Page, selector: string) => page.locator(selector).allInnerTexts()

  /** What of a trace can be read on its page, tab by tab, with a span chosen. */
  async function walk(page: Page): Promise<string[]> {
    await page.waitForSelector('.trace .grid .row')
    await page.click('.trace .timeline .row >> nth=0')
    await page.waitForSelector('.panel .note:has-text("kind ")')
    const seen = [
      ...(await texts(page, '.trace-head h1, .trace-head .facts-line, .trace-head .answer')),
      ...(await texts(page, '.trace .timeline .row')),
      ...(await texts(page, '.panel .attributes'))
    ]
    for (const tab of ['Operations', 'Logs']) {
      await page.getByRole('tab', { name: tab }).click()
      await page.waitForSelector('#tab-panel :is(.operations td, .log, :text("No log lines"))')
      seen.push(await page.innerText('#tab-panel'))
    }
    return seen
  }

  it('of one trace shows what the live page shows', async () => {
    for (const { traceId } of [loop, logs]) {
      const page = await openSaved(`traces/${traceId}?format=html`)
      const saved = await walk(page)
      expect(saved).toEqual(await walk(await real.openTrace(traceId)))
      expect(saved.join('').length).toBeGreaterThan(200)
    }
  })

  it('says whose traces they are, and when they were taken', async () => {
    const before = new Date(Date.now() - 1000).toISOString()
    const page = await openSaved(`traces/${loop.traceId}?format=html`)
    expect(await page.innerText('.strip')).toMatch(/1 trace saved from shop on \d{4}-\d\d-\d\d/)
    const at = await page.getAttribute('.strip time', 'datetime')
    expect(at && at > before && at <= new Date().toISOString()).toBe(true)
    expect(await page.innerText('.top')).toContain('A saved page')
    // What only a process can answer is not offered.
    for (const gone of ['Pin', 'Export', 'Copy link', 'Status', 'Map'])
      expect(await page.getByText(gone, { exact: true }).count()).toBe(0)
  })

  it('is used by keyboard, and its places are fragments that can be gone back to', async () => {
    const page = await openSaved('export?format=html')
    await page.waitForSelector('.item')
    expect(await page.locator('.item').count()).toBe(3)
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    await page.waitForSelector('.trace .grid .row')
    expect(new URL(page.url()).hash).toMatch(/^#\/t\/[0-9a-f]{32}/)
    await page.reload()
    await page.waitForSelector('.trace .grid .row')
    await page.goBack()
    await page.waitForSelector('.item')
    await page.keyboard.press('/')
    await page.keyboard.type('is:error')
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => document.querySelectorAll('.item').length === 1)
    expect(new URL(page.url()).hash).toBe('#/?q=is%3Aerror')
  })

  it('is searched like the live one, spans and log lines included', async () => {
    const page = await openSaved('export?format=html', '#/?q=%40db.system.name%3Apostgresql')
    await page.waitForFunction(() => document.querySelectorAll('.item').length === 1)
    expect(await page.innerText('.item')).toContain('/loop')
    await page.fill('.filter input', 'log:"card" level:error')
    await page.keyboard.press('Enter')
    await page.waitForFunction(() =>
      document.querySelector('.item')?.textContent?.includes('/logs')
    )
    await page.click('.item a')
    await page.fill('#find', 'declined')
    await page.waitForSelector('.found:has-text("of 1"), .found:has-text("1")')
  })

  it('lays its SQL out, without anything to load', async () => {
    const page = await openSaved(`traces/${loop.traceId}?format=html`)
    await page.waitForSelector('.trace .grid .row')
    await page.click('.timeline .row >> nth=1')
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowDown')
    await page.waitForFunction(() =>
      document.querySelector('.statement pre')?.textContent?.includes('\n')
    )
    expect(await page.textContent('.statement pre')).toMatch(/SELECT\s+name,\s+price\s+FROM\s+item/)
  })

  it.each([
    ['light', 1280],
    ['dark', 360]
  ] as const)('is accessible in %s, %d pixels wide', async (colorScheme, width) => {
    const page = await openSaved(`traces/${logs.traceId}?format=html`, '', {
      colorScheme,
      viewport: { width, height: 760 }
    })
    await page.waitForSelector('.panel .facts')
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width)
    expect(await violations(page)).toEqual([])
  })

  it('shows hostile text as text, wherever it stands', async () => {
    const traceId = 'ab'.repeat(16)
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify(hostileBody(traceId)).replaceAll('"note"', '"\\u2028</script><!--"')
    await fetch(`${real.app.page}v1/traces`, { method: 'POST', headers, body })
    const page = await openSaved(`traces/${traceId}?format=html`)
    await page.waitForSelector('.trace .grid .row')
    const made = () =>
      page.evaluate(
        () =>
          [...document.querySelectorAll('xss-data, [data-xss], iframe, math, form[action], base')]
            .length
      )
    let seen = ''
    await page.click('.timeline .row:not(.gap) >> nth=0')
    for (let i = 0; i < hostile.length; i++) {
      await page.waitForSelector('.panel .note:has-text("kind ")')
      seen += await page.innerText('.panel')
      expect(await made()).toBe(0)
      await page.keyboard.press('ArrowDown')
    }
    for (const text of ['<xss-data', '<script', '<iframe', 'javascript:__pwn()', '__proto__'])
      expect(seen).toContain(text)
  })

  it('is printed light, whole, and without what can only be pressed', async () => {
    const traceId = '5a'.repeat(16)
    await real.app.ingest(
      Array.from({ length: 150 }, (_, i) => ({
        traceId,
        id: i + 1,
        ...(i > 0 && { parent: i - (i % 3) || 1 }),
        name: `step ${i}`,
        start: i * 100,
        duration: 16_000 - i * 100
      }))
    )
    const page = await openSaved(`traces/${traceId}?format=html`, '', { colorScheme: 'dark' })
    await page.waitForSelector('.trace .grid .row')
    const rows = () => page.locator('.timeline .row').count()
    const onScreen = await rows()
    // What stands in the document when the browser takes it, after the page's own listeners.
    await page.evaluate(() =>
      addEventListener('beforeprint', () => {
        document.title = `${document.querySelectorAll('.timeline .row').length} rows`
      })
    )
    await page.pdf()
    expect(Number.parseInt(await page.title())).toBeGreaterThan(onScreen)
    expect(await page.title()).toBe('150 rows')
    await expect.poll(rows).toBe(onScreen)
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
    const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    expect(paper).toBe('rgb(255, 255, 255)')
    for (const button of ['.top', '.trace-head .back', '.tools-line .tabs', '.panel header button'])
      expect(await page.isVisible(button)).toBe(false)
    expect(await page.isVisible('.panel .facts')).toBe(true)
  })

  it('may run its own script, and no other, and may ask for nothing', async () => {
    const answer = await fetch(`${real.app.page}api/traces/${loop.traceId}?format=html`)
    const text = await answer.text()
    expect(answer.headers.get('content-disposition')).toContain('.html"')
    const policy = /Content-Security-Policy"\s+content="([^"]+)"/.exec(text)?.[1] ?? ''
    expect(policy).toMatch(/^default-src 'none'; script-src 'sha256-/)
    expect(policy).not.toMatch(/unsafe|connect-src|\*/)
    expect(text.match(/\s(?:src|href)="(?!data:)/g)).toBeNull()
    const file = join(folder, 'injected.html')
    await writeFile(
      file,
      text.replace('</body>', '<script>document.title = "pwned"</script></body>')
    )
    expect(await readFile(file, 'utf8')).toContain('pwned')
    const other = await openSaved(`traces/${loop.traceId}?format=html`)
    const page = await other.context().newPage()
    await page.goto(pathToFileURL(file).href)
    await page.waitForSelector('.trace .grid .row')
    expect(await page.title()).not.toBe('pwned')
  })

  it('has no line of source code and no token', async () => {
    const failed = (await real.app.traces('route:/fails'))[0] as Summary
    const source = await fetch(
      `${real.app.page}api/traces/${failed.traceId}/spans/${(await columns(failed)).spans.id[1]}/source`
    )
    expect(await source.text()).toContain('excerpt')
    const page = await fetch(`${real.app.page}api/traces/${failed.traceId}?format=html`)
    expect((await page.text()).slice(-200_000)).not.toContain('excerpt')
  })

  async function columns({ traceId }: Summary): Promise<{ spans: { id: string[] } }> {
    const answer = await fetch(`${real.app.page}api/traces/${traceId}`)
    return (await answer.json()) as { spans: { id: string[] } }
  }
})
