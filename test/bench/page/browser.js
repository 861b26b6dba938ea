import { existsSync } from 'node:fs'
import { percentile } from '../statistics.js'

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking']

/** Undefined where there is no browser: the part is then left out, and says so. */
export async function launch() {
  if (!existsSync(executablePath)) return undefined
  const { chromium } = await import('playwright-core')
  return chromium.launch({ executablePath, args })
}

/** A page in a profile of its own, with nothing in its cache. */
export async function freshPage(browser, url) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
  const page = await context.newPage()
  await page.goto(url)
  await page.waitForSelector('.traces-grid', { timeout: 15_000 })
  return page
}

/** Milliseconds from the address to the first pixels. */
export async function firstPaint(page) {
  return page.evaluate(async () => {
    for (;;) {
      const [paint] = performance.getEntriesByName('first-contentful-paint')
      if (paint !== undefined) return paint.startTime
      await new Promise((resolve) => requestAnimationFrame(resolve))
    }
  })
}

/** Milliseconds from the click on a link to a trace until its rows are on the screen, and how many rows its tree has. */
export async function openTrace(page, href) {
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

/** Lets a page run and tells how smoothly: frames a second, the 99th percentile of frames in ms, the main thread's share of the time. */
export async function smoothness(page, ms, { scroll = '' } = {}) {
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable')
  const before = await taskSeconds(session)
  const frames = await page.evaluate(framesOf, { ms, scroll })
  const after = await taskSeconds(session)
  await session.detach()
  const total = frames.reduce((sum, frame) => sum + frame, 0)
  return {
    fps: (frames.length * 1000) / total,
    p99: percentile(frames, 0.99),
    mainThread: (after.busy - before.busy) / (after.at - before.at)
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

async function taskSeconds(session) {
  const { metrics } = await session.send('Performance.getMetrics')
  const of = (name) => metrics.find((metric) => metric.name === name).value
  return { busy: of('TaskDuration'), at: of('Timestamp') }
}
