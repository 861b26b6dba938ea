import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import type { TraceLog } from '../../../src/wire/trace.ts'
import { clockMove, placedLogs, recordedText } from '../../../ui/trace/clocks.ts'
import { createModel } from '../../../ui/trace/model.ts'
import { hasBrowser, violations } from '../browser.ts'
import { useRealPages } from '../real-pages.ts'
import { columnsOf } from './fixture.ts'

const log = (spanId: string, time: number, body: string): TraceLog => ({
  spanId: spanId.padStart(16, '0'),
  service: '',
  time,
  severity: 'info',
  body,
  attributes: []
})

describe('log lines of processes whose clocks differ', () => {
  const columns = columnsOf([
    { depth: 0, start: 0, duration: 9000, service: 'web' },
    { depth: 1, start: 1000, duration: 2000, service: 'stock' },
    { depth: 1, start: 4000, duration: 2000, service: 'tax' }
  ])
  const off = createModel({
    ...columns,
    clocks: [
      { service: 1, offset: 50_000 },
      { service: 2, offset: -7500 }
    ],
    clockOf: [-1, 0, 1]
  })
  const lines = [log('1', 951, 'second'), log('0', 1000, 'first'), log('2', 1010.5, 'third')]

  it('are moved with their spans, and stand in the order in which they were written', () => {
    const placed = placedLogs(lines, off)
    expect(placed.map(({ body, time, moved }) => [body, time, moved])).toEqual([
      ['first', 1000, 0],
      ['second', 1001, 50],
      ['third', 1003, -7.5]
    ])
  })

  it('stay as they were recorded where no clock was off, or their span is not there', () => {
    expect(placedLogs(lines, createModel(columns)).map(({ time }) => time)).toEqual([
      951, 1000, 1010.5
    ])
    expect(placedLogs([log('77', 5, 'lost')], off)).toMatchObject([{ time: 5, moved: 0 }])
    expect(clockMove(off, 0)).toBe(0)
  })

  it('say what was recorded', () => {
    const time = Date.UTC(2026, 10, 22, 12) + 8
    expect(recordedText(time, 8, 'utc')).toMatch(
      /^moved by \+8\.00 ms .*recorded as 2026-11-22 .*:00\.000/
    )
    expect(recordedText(time, -8, 'utc')).toMatch(/^moved by -8\.00 ms .*:00\.016/)
    expect(recordedText(time, 0, 'utc')).toBe('')
  })
})

describe.skipIf(!hasBrowser)('a trace over hosts whose clocks differ', () => {
  const real = useRealPages()

  /** `stock` is asked at 10 ms and answers within 30; its clock is 400 ms behind. */
  async function skewed(id: string): Promise<string> {
    const traceId = id.repeat(32)
    const behind = -400_000
    await real.app.ingest(
      [
        {
          traceId,
          id: 1,
          name: 'GET /buy',
          start: 0,
          duration: 60_000,
          kind: 2,
          logs: { asking: 9000, sold: 50_000 }
        },
        { traceId, id: 2, parent: 1, name: 'GET', start: 10_000, duration: 30_000, kind: 3 }
      ],
      'web'
    )
    await real.app.ingest(
      [
        {
          traceId,
          id: 3,
          parent: 2,
          name: 'GET /stock',
          start: behind + 15_000,
          duration: 20_000,
          kind: 2,
          logs: { counting: behind + 16_000 }
        }
      ],
      'stock'
    )
    return traceId
  }
  const when = (page: Page) =>
    page.$$eval('.logs.wide .log', (lines) =>
      lines.map((line) => [
        line.querySelector('.body')?.textContent,
        line.querySelector('.when')?.textContent
      ])
    )

  it('has its log lines where their spans are, and each says what was recorded', async () => {
    const { page } = await real.openPage(`${real.app.page}t/${await skewed('a')}?tab=logs`)
    await page.waitForSelector('.logs-tab .log')
    expect(await when(page)).toEqual([
      ['asking', '+9.00 ms'],
      ['counting', '+16.0 ms'],
      ['sold', '+50.0 ms']
    ])
    const moved = page.locator('.log:has-text("counting")')
    expect(await moved.locator('.line').getAttribute('title')).toContain('moved by +400 ms')
    await moved.locator('.more button').click()
    await expect.poll(() => moved.locator('.recorded').textContent()).toMatch(/recorded as \d{4}-/)
    await expect.poll(() => page.locator('.recorded').count()).toBe(1)
  })

  it('says which clock was off, to the keyboard too, and of a span what was recorded', async () => {
    const page = await real.openTrace(await skewed('b'))
    await page.focus('button:has-text("a clock corrected")')
    await page.keyboard.press('Enter')
    await expect.poll(() => page.textContent('.clocks')).toContain('stock by +400 ms')
    expect(await violations(page)).toEqual([])
    await page.click('.timeline .row:has-text("GET /stock")')
    await expect.poll(() => page.textContent('.panel .facts')).toMatch(/Clockmoved by \+400 ms/)
    await page.click('.timeline .row:has-text("GET /buy")')
    await expect.poll(() => page.textContent('.panel .facts')).not.toContain('Clock')
  })
})
