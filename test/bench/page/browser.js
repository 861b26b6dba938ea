import { existsSync } from 'node:fs'
import { percentile } from '../statistics.js'

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking']

/** Undefined where there is no browser: the part is then left out, and says so. On no core of its own, so that it may leave the host's. */
export async function launch() {
  if (!existsSync(executablePath)) return undefined
  const { chromium } = await import('playwright-core')
  return chromium.launch({ executablePath, args })
}

/** A page in a profile of its own, with nothing in its cache, `speed` times slower than this machine. */
export async function visit(browser, url, speed = 1) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
  const page = await context.newPage()
  const session = await context.newCDPSession(page)
  await session.send('Performance.enable')
  await session.send('Emulation.setCPUThrottlingRate', { rate: speed })
  await page.addInitScript(noteInteractive)
  await page.goto(url)
  await page.waitForSelector('.traces-grid .item', { timeout: 15_000 })
  return { page, session, close: () => context.close() }
}

// Runs in the page, before anything of it.
function noteInteractive() {
  const observer = new MutationObserver(() => {
    if (document.querySelector('.traces-grid') === null) return
    performance.mark('grid')
    observer.disconnect()
  })
  observer.observe(document, { childList: true, subtree: true })
}

/** Milliseconds from the address to the first pixels, and until the list answers to the reader. */
export function startOf({ page }) {
  return page.evaluate(async () => {
    const [{ domContentLoadedEventEnd }] = performance.getEntriesByType('navigation')
    const [grid] = performance.getEntriesByName('grid')
    for (;;) {
      const [paint] = performance.getEntriesByName('first-contentful-paint')
      if (paint !== undefined)
        return {
          paint: paint.startTime,
          interactive: Math.max(grid.startTime, domContentLoadedEventEnd)
        }
      await new Promise((resolve) => requestAnimationFrame(resolve))
    }
  })
}

/** Until the page has loaded what it loads unasked: older traces, the chart, the screen of a trace. */
export async function settled({ page }) {
  await page.waitForFunction(() => {
    const scripts = performance.getEntriesByType('resource').map(({ name }) => name)
    return scripts.some((name) => /\/page-\w+\.js/.test(name))
  })
  await page.waitForLoadState('networkidle')
}

/** Milliseconds from the click on a link to a trace until its rows are on the screen, and how many rows its tree has. */
export async function openTrace({ page }, href) {
  return page.evaluate(async (href) => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))
    const link = Object.assign(document.createElement('a'), { href })
    document.body.append(link)
    const began = performance.now()
    link.click()
    let tree = null
    while (tree?.querySelector('[role=row] [role=rowheader]') == null) {
      if (performance.now() - began > 20_000)
        throw new Error(`no rows after 20 s: ${document.body.innerText.slice(0, 300)}`)
      await frame()
      tree = document.querySelector('[role=treegrid]')
    }
    // The rows are in the document; they are on the screen when the next frame begins.
    await frame()
    link.remove()
    return { ms: performance.now() - began, rows: Number(tree.getAttribute('aria-rowcount')) }
  }, href)
}

/** Lets a page run and tells how smoothly: frames a second, slow frames in ms, the main thread's share of the time in per cent. */
export async function smoothness({ page, session }, ms, { scroll = '' } = {}) {
  const before = await metrics(session)
  const frames = await page.evaluate(framesOf, { ms, scroll })
  const after = await metrics(session)
  const total = frames.reduce((sum, frame) => sum + frame, 0)
  return {
    fps: (frames.length * 1000) / total,
    p99: percentile(frames, 0.99),
    longest: Math.max(...frames),
    mainThread:
      ((after.TaskDuration - before.TaskDuration) / (after.Timestamp - before.Timestamp)) * 100
  }
}

// Runs in the page.
async function framesOf({ ms, scroll }) {
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve))
  const scroller = scroll === '' ? undefined : document.querySelector(scroll)
  if (scroller === null) throw new Error(`nothing to scroll: ${scroll}`)
  const frames = []
  let last = await frame()
  const end = last + ms
  while (last < end) {
    if (scroller !== undefined) scroller.scrollTop += 40
    const now = await frame()
    frames.push(now - last)
    last = now
  }
  if (scroller?.scrollTop === 0) throw new Error(`${scroll} did not scroll`)
  return frames
}

/** Elements in the document. */
export function elements({ page }) {
  return page.evaluate(() => document.getElementsByTagName('*').length)
}

/** MiB of JavaScript's heap that are in use after a collection. */
export async function heapAfterCollection({ session }) {
  // What the first collection frees by finalizers, the second sees.
  for (let i = 0; i < 2; i++) await session.send('HeapProfiler.collectGarbage')
  return (await metrics(session)).JSHeapUsedSize / 2 ** 20
}

async function metrics(session) {
  const { metrics: list } = await session.send('Performance.getMetrics')
  return Object.fromEntries(list.map(({ name, value }) => [name, value]))
}
