import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import type { TraceLog } from '../../../src/wire/trace.ts'
import { asText, countLevels, filterLogs } from '../../../ui/trace/log-filter.ts'
import { lineKeys } from '../../../ui/trace/log-view.ts'
import { visibleLines } from '../../../ui/format.ts'
import { hasBrowser, violations } from '../browser.ts'
import { useRealPages } from '../real-pages.ts'

const log = (over: Partial<TraceLog>): TraceLog => ({
  spanId: 'a'.repeat(16),
  service: 'shop',
  time: Date.UTC(2026, 10, 22, 12),
  severity: 'info',
  body: 'hello',
  attributes: [],
  ...over
})
const nameOf = (spanId: string): string => (spanId.startsWith('a') ? 'load order' : '')

describe('the log lines of a trace', () => {
  const logs = [
    log({ body: 'Order loaded', attributes: [['order.id', 7]] }),
    log({ severity: 'error', body: 'failed', spanId: 'b'.repeat(16), service: 'pay' }),
    log({ severity: 'fatal', body: 'gone', attributes: [['tags', ['x y', 'z']]] })
  ]

  it('are counted by level, the most severe first', () => {
    expect(countLevels(logs)).toEqual([
      { level: 'fatal', count: 1 },
      { level: 'error', count: 1 },
      { level: 'info', count: 1 }
    ])
  })

  it.each([
    ['', [], [0, 1, 2]],
    ['', ['error', 'fatal'], [1, 2]],
    ['ORDER', [], [0, 2]],
    ['order.id', [], [0]],
    ['7', [], [0]],
    ['pay', [], [1]],
    ['x y', [], [2]],
    ['load order', ['fatal'], [2]],
    ['nothing', [], []]
  ])('hold %j of the levels %j in lines %j', (text, levels, expected) => {
    const shown = filterLogs(logs, { text, levels: new Set(levels) }, nameOf)
    expect(shown.map((one) => logs.indexOf(one))).toEqual(expected)
  })

  it('are copied as text, each on a line of its own', () => {
    expect(asText(logs, nameOf).split('\n')).toEqual([
      '2026-11-22T12:00:00.000Z INFO  shop [load order] Order loaded order.id=7',
      '2026-11-22T12:00:00.000Z ERROR pay failed',
      '2026-11-22T12:00:00.000Z FATAL shop [load order] gone tags="x y, z"'
    ])
  })

  it('have names of their own, whatever moment they share', () => {
    const keys = lineKeys([log({}), log({}), log({ time: 1 })])
    expect(new Set(keys.values()).size).toBe(3)
  })

  it('keep their line breaks, and show what cannot be seen', () => {
    expect(visibleLines('a\r\n\tb\u0007')).toBe('a\n  b\\x07')
  })
})

describe.skipIf(!hasBrowser)('the tab of log lines', () => {
  const real = useRealPages()

  const openLogs = async (path: string, options = {}): Promise<Page> => {
    const { traceId } = await real.app.visit(path)
    const { page } = await real.openPage(`${real.app.page}t/${traceId}?tab=logs`, options)
    await page.waitForSelector('.logs-tab .log')
    return page
  }
  const bodies = (page: Page) =>
    page.$$eval('.logs.wide .log .body', (lines) => lines.map((line) => line.textContent))
  const selectedName = (page: Page) =>
    page.textContent('.timeline .row[aria-selected="true"] .label')

  it('shows the lines in order, with level, fields and span', async () => {
    const page = await openLogs('/logs')
    expect(await bodies(page)).toEqual([
      'order asked for',
      'query done',
      'slow disk\nsecond line',
      'payment failed'
    ])
    const first = (await page.textContent('.logs.wide .log')) ?? ''
    expect(first).toMatch(/info.*order=7 user\.plan=gold.*GET \/logs/)
    expect(await page.locator('.logs.wide .service').count()).toBe(0)
  })

  it('opens the fields of a line, and its error as a card', async () => {
    const page = await openLogs('/logs')
    const last = page.locator('.logs.wide .log').last()
    await last.locator('.more button').click()
    await expect
      .poll(() => last.locator('.error-card').textContent())
      .toContain('TypeError: card declined')
    await expect.poll(() => last.locator('.attributes').textContent()).toContain('129.5')
    await expect.poll(() => last.locator('.attributes').textContent()).not.toContain('exception.')
    await last.locator('.more button').click()
    await expect.poll(() => last.locator('.fields').count()).toBe(0)
  })

  it('filters by level and by text, and says how many are left', async () => {
    const page = await openLogs('/logs')
    await page.click('.levels button:has-text("error")')
    await page.click('.levels button:has-text("warn")')
    await expect.poll(() => bodies(page)).toEqual(['slow disk\nsecond line', 'payment failed'])
    await page.fill('#find', 'sda1')
    await expect.poll(() => bodies(page)).toEqual(['slow disk\nsecond line'])
    await expect.poll(() => page.textContent('.log-tools [role=status]')).toBe('1 of 4 lines')
    await page.fill('#find', 'nothing at all')
    await page.click('button:has-text("Show all 4")')
    await expect.poll(() => bodies(page)).toHaveLength(4)
  })

  it('leads to the span of a line, and is as it was when one comes back', async () => {
    const page = await openLogs('/logs')
    await page.fill('#find', 'p')
    await page.click('.logs.wide .log:has-text("payment failed") .line')
    await expect.poll(() => selectedName(page)).toBe('charge card')
    await page.click('#tab-logs')
    await page.waitForSelector('.logs-tab .log')
    await expect.poll(() => page.inputValue('#find')).toBe('p')
    await expect
      .poll(() => page.getAttribute('.log:has-text("payment failed")', 'tabindex'))
      .toBe('0')
  })

  it('is walked by keyboard alone', async () => {
    const page = await openLogs('/logs')
    await page.keyboard.press('/')
    await page.keyboard.type('order')
    await page.keyboard.press('ArrowDown')
    await page.waitForFunction(() =>
      document.activeElement?.textContent?.includes('order asked for')
    )
    await page.keyboard.press('End')
    await page.waitForFunction(() => document.activeElement?.textContent?.includes('slow disk'))
    await page.keyboard.press('ArrowRight')
    await page.waitForSelector('.log:focus .fields')
    await page.keyboard.press('ArrowLeft')
    await page.waitForSelector('.log:focus .fields', { state: 'detached' })
    await page.keyboard.press('ArrowUp')
    await page.waitForFunction(() => document.activeElement?.textContent?.includes('query done'))
    await page.keyboard.press('Enter')
    await expect.poll(() => selectedName(page)).toBe('load order')
  })

  it('makes two thousand lines in parts, and finds a line that is not made yet', async () => {
    const page = await openLogs('/many-logs')
    expect(await page.textContent('.log-tools [role=status]')).toBe('2,000 lines')
    expect(await page.locator('.logs.wide .log').count()).toBeLessThan(2000)
    await page.focus('.logs.wide .log')
    await page.keyboard.press('End')
    await page.waitForFunction(() => document.activeElement?.textContent?.includes('batch 19'))
    await expect.poll(() => page.locator('.logs.wide .log').count()).toBe(2000)
    await page.fill('#find', 'batch 7')
    await expect.poll(() => page.textContent('.log-tools [role=status]')).toBe('100 of 2,000 lines')
  })

  it('copies what is shown as text', async () => {
    const page = await openLogs('/logs', { permissions: ['clipboard-read', 'clipboard-write'] })
    await page.click('.levels button:has-text("debug")')
    await page.click('button:has-text("Copy as text")')
    await page.waitForSelector('button:has-text("Copied")')
    const text = await page.evaluate(() => navigator.clipboard.readText())
    expect(text).toMatch(/^\d{4}-\S+Z DEBUG shop \[load order\] query done$/)
  })

  it('says what would be here when there is nothing', async () => {
    const { traceId } = await real.app.visit('/loop')
    const { page } = await real.openPage(`${real.app.page}t/${traceId}?tab=logs`)
    await page.waitForSelector('text=No log lines.')
  })

  it.each([
    { colorScheme: 'light' as const, viewport: { width: 1280, height: 760 } },
    { colorScheme: 'dark' as const, viewport: { width: 360, height: 760 } }
  ])('keeps the rules of accessibility and does not scroll sideways: %j', async (options) => {
    const page = await openLogs('/logs', options)
    await page.locator('.logs.wide .log').last().locator('.more button').click()
    expect(await violations(page)).toEqual([])
    const wider = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth
    )
    expect(wider).toBeLessThanOrEqual(0)
  })

  it('is in small in the panel of a span, where fields open, too', async () => {
    const { traceId } = await real.app.visit('/logs')
    const page = await real.openTrace(traceId)
    await page.click('.timeline .row:has-text("charge card")')
    await page.waitForSelector('.panel .log.error')
    await page.click('.panel .log .more button')
    await expect.poll(() => page.textContent('.panel .log .error-card')).toContain('card declined')
  })

  it('is what a search of the list for lines leads to', async () => {
    await real.app.visit('/logs')
    await real.app.visit('/ok/9')
    const page = await real.openList('?q=level:error log:"payment failed"')
    await page.waitForFunction(() => document.querySelectorAll('.traces-grid .item').length > 0)
    const names = await page.$$eval('.traces-grid .item', (rows) =>
      rows.map((row) => row.textContent ?? '')
    )
    expect(names.every((name) => name.includes('/logs'))).toBe(true)
  })
})
