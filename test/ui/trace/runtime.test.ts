import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Summary } from '../../../src/wire/summary.ts'
import { until } from '../../until.ts'
import { hasBrowser, violations } from '../browser.ts'
import { useRealPages } from '../real-pages.ts'

/** The import, as it is drawn in the strip. */
const block = '.lane .time .block[title*="GET /import was"]'

describe.skipIf(!hasBrowser)('what the process was doing, on the page of a trace', () => {
  const real = useRealPages()

  /** A report that waits for an import, which keeps the event loop. */
  async function blockedReport(): Promise<string> {
    const { url, traces } = real.app
    const query = 'route:/report @spanlight.blocked_ms:>200'
    const before = new Set((await traces(query)).map(({ traceId }) => traceId))
    // On a loaded machine the import may come before the report waits for it, most of all the first, which is compiled.
    await fetch(`${url}/import`)
    let found: Summary | undefined
    await until(async () => {
      const report = fetch(`${url}/report`)
      await wait(100)
      await Promise.all([report, fetch(`${url}/import`)])
      await wait(50)
      return (found = (await traces(query)).find(({ traceId }) => !before.has(traceId)))
    })
    return (found as Summary).traceId
  }

  it('says why no span covers a stretch, and leads to who kept the event loop', async () => {
    const page = await real.openTrace(await blockedReport())
    // On a loaded machine it is said to be likely, in other words.
    const gap = '.row.gap:has-text("GET /import was")'
    await page.waitForSelector(gap)
    expect(await page.getAttribute(gap, 'title')).toMatch(/GET \/import was/)
    expect(await page.textContent('.answer')).toMatch(
      /For [\d.]+ m?s of [\d.]+ m?s: .*GET \/import/
    )
    await page.click(`${gap} a`)
    await page.waitForSelector('h1:has-text("GET /import")')
    await page.waitForSelector('.runtime')
    expect(await page.textContent('.answer')).toContain('its own work')
  })

  it('draws the event loop, the heap and the requests in flight on the axis of the rows', async () => {
    const page = await real.openTrace(await blockedReport())
    await page.waitForSelector(block)
    expect(await page.$$eval('.lanes path', (paths) => paths.length)).toBe(3)
    expect(await page.getAttribute('.lanes', 'aria-label')).toMatch(
      /event loop was late by [\d.]+ ms at most; it did not turn in \d+ stretch/
    )
    const edges = (selector: string) =>
      page.$eval(selector, (element) => {
        const { left, right } = element.getBoundingClientRect()
        return [Math.round(left), Math.round(right)]
      })
    expect(await edges('.lane .time')).toEqual(await edges('.heads .time'))
  })

  it('shows the part that is zoomed to', async () => {
    const page = await real.openTrace(await blockedReport())
    await page.waitForSelector(block)
    const width = () => page.$eval(block, (drawn) => drawn.getBoundingClientRect().width)
    const before = await width()
    await page.focus('.timeline .grid')
    await page.keyboard.press('+')
    await page.waitForSelector('.lens')
    // Wider, unless it began so late that a part of it is now outside.
    await expect.poll(width).not.toBe(before)
  })

  it('is folded away, and stays so', async () => {
    const { traceId } = await real.app.visit('/slow')
    const page = await real.openTrace(traceId)
    await page.click('.runtime button:has-text("Runtime")')
    await page.waitForSelector('.lanes', { state: 'detached' })
    await page.reload()
    await page.waitForSelector('.runtime [aria-expanded="false"]')
    expect(await page.$('.lanes')).toBeNull()
  })

  it('says that it was waiting when nothing ran', async () => {
    const { traceId } = await real.app.visit('/report')
    const page = await real.openTrace(traceId)
    await page.waitForSelector('.row.gap .label:has-text("waiting, nothing ran")')
  })

  it('is absent where this process had no part', async () => {
    const traceId = '7'.repeat(32)
    await real.app.ingest([{ traceId, id: 1, name: 'elsewhere', start: 0, duration: 50_000 }])
    const page = await real.openTrace(traceId)
    await page.waitForLoadState('networkidle')
    expect(await page.$('.runtime')).toBeNull()
  })

  it.each([
    ['light', 1280],
    ['dark', 390]
  ] as const)('is accessible in %s, %d pixels wide', async (colorScheme, width) => {
    const page = await real.openTrace(await blockedReport(), '', {
      colorScheme,
      viewport: { width, height: 800 }
    })
    // Where rows need the height it is folded until it is asked for.
    await page.waitForSelector('.runtime a')
    if (width < 760) await page.click('.runtime [aria-expanded="false"]')
    await page.waitForSelector(block)
    expect(await violations(page)).toEqual([])
    const wider = await page.evaluate(
      () => document.documentElement.scrollWidth > document.documentElement.clientWidth
    )
    expect(wider).toBe(false)
  })
})
