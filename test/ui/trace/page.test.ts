import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { hasBrowser, violations } from '../browser.ts'
import type { IngestSpan } from '../real-app.ts'
import { useRealPages } from '../real-pages.ts'

describe.skipIf(!hasBrowser)('the page of a trace', () => {
  const real = useRealPages()
  const { openPage, openTrace } = real

  const rowNames = (page: Page) =>
    page.$$eval('.timeline .row:not(.gap) .label', (labels) =>
      labels.map((label) => label.textContent)
    )
  const selectedName = (page: Page) =>
    page.textContent('.timeline .row[aria-selected="true"] .label')
  const grid = (page: Page) => page.focus('.timeline .grid')

  it('shows the spans as a tree and opens on the span that failed first, with its error, cause and own lines', async () => {
    const { traceId } = await real.app.visit('/fails')
    const page = await openTrace(traceId)
    expect(await rowNames(page)).toEqual(['GET /fails', 'load cart'])
    expect(await selectedName(page)).toBe('load cart')
    await page.waitForSelector('.panel .error-card')
    const card = (await page.textContent('.panel .error-card')) ?? ''
    expect(card).toContain('Error: cart is broken')
    expect(card).toContain('Caused by: TypeError: no such column')
    expect(card).toMatch(/test\/ui\/app\.js:\d+/)
    expect(card).not.toContain('router/lib')
    await page.click('.error-card button:has-text("more lines")')
    await expect.poll(() => page.textContent('.panel .error-card')).toContain('router/lib')
    await expect.poll(() => page.textContent('.answer')).toContain('It failed first in load cart')
  })

  it('folds a query in a loop into one row that opens, and lays the statement out', async () => {
    const { traceId } = await real.app.visit('/loop')
    const page = await openTrace(traceId)
    expect(await page.textContent('.row.group')).toContain('12×')
    expect(await page.textContent('.row.group')).toContain('N+1')
    await page.click('.row.group')
    await page.waitForFunction(
      () => document.querySelectorAll('.timeline .row:not(.gap)').length >= 14
    )
    await page.click('.timeline .row:not(.gap) >> nth=3')
    await page.waitForFunction(() =>
      document.querySelector('.statement pre')?.textContent?.includes('\n')
    )
    expect(await page.textContent('.statement pre')).toMatch(/SELECT\s+name,\s+price\s+FROM\s+item/)
  })

  it('is walked by keyboard alone: rows, folding, details and back to the same row', async () => {
    const { traceId } = await real.app.visit('/fails')
    const page = await openTrace(traceId)
    await grid(page)
    await page.keyboard.press('Home')
    await expect.poll(() => selectedName(page)).toBe('GET /fails')
    await page.keyboard.press('ArrowLeft')
    await expect.poll(() => rowNames(page)).toEqual(['GET /fails'])
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowRight')
    await expect.poll(() => selectedName(page)).toBe('load cart')
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => document.activeElement?.classList.contains('panel'))
    await page.keyboard.press('Escape')
    await page.waitForFunction(() => document.activeElement?.classList.contains('grid'))
    await expect.poll(() => selectedName(page)).toBe('load cart')
    const active = await page.getAttribute('.timeline .grid', 'aria-activedescendant')
    await expect.poll(() => page.textContent(`#${active} .label`)).toBe('load cart')
    await page.keyboard.press('e')
    await expect.poll(() => selectedName(page)).toBe('GET /fails')
  })

  it('keeps the selected span, the find text and the zoom in the address', async () => {
    const { traceId } = await real.app.visit('/loop')
    const page = await openTrace(traceId)
    await page.fill('#find', 'item')
    await page.waitForFunction(() => document.querySelector('.found')?.textContent === '12')
    await page.press('#find', 'Enter')
    await grid(page)
    await page.keyboard.press('z')
    await page.waitForFunction(() => new URLSearchParams(location.search).has('z'))
    const before = await selectedName(page)
    await page.reload()
    await page.waitForSelector('.lens')
    expect(await selectedName(page)).toBe(before)
    expect(await page.inputValue('#find')).toBe('item')
  })

  it('finds text in attributes that no row shows, and can show only what matches', async () => {
    const { traceId } = await real.app.visit('/loop')
    const page = await openTrace(traceId)
    await page.fill('#find', 'shop = ')
    await page.waitForFunction(() => document.querySelector('.found')?.textContent === '12')
    await page.check('.only input')
    await page.waitForFunction(
      () => document.querySelectorAll('.timeline .row:not(.gap)').length === 13
    )
  })

  it('draws work that went on after the response past a line that says so', async () => {
    const { traceId } = await real.app.visit('/late')
    const page = await openTrace(traceId)
    await page.waitForSelector('.lines .sent')
    await page.waitForFunction(
      () => document.querySelector('.timeline .badge')?.textContent === 'late'
    )
    expect(await page.textContent('.lines .sent')).toBe('response sent')
    expect(await rowNames(page)).toEqual(['GET /late', 'send mail'])
  })

  it('shows a request while it hangs, and grows when it ends', async () => {
    const hanging = fetch(`${real.app.url}/hang`)
    let traceId = ''
    await expect
      .poll(
        async () => (traceId = (await real.app.traces('route:/hang is:live'))[0]?.traceId ?? '')
      )
      .not.toBe('')
    const page = await openTrace(traceId)
    expect(await page.textContent('.facts-line')).toContain('in flight')
    expect(await rowNames(page)).toContain('wait for the lock')
    await fetch(`${real.app.url}/release`)
    await hanging
    await page.waitForFunction(() =>
      document.querySelector('.facts-line')?.textContent?.startsWith('200')
    )
  })

  it('copies the request as a curl command, and a link to the span', async () => {
    const { traceId } = await real.app.visit('/ok/7?a=1')
    const page = await openTrace(traceId)
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await page.click('button[aria-label="Copy as cURL"]')
    await page.waitForSelector('button[aria-label="Copied"]')
    const command = await page.evaluate(() => navigator.clipboard.readText())
    expect(command).toContain(`curl '${real.app.url}/ok/7?a=1'`)
    await page.click('button[aria-label="Copy a link to this span"]')
    await expect
      .poll(() => page.evaluate(() => navigator.clipboard.readText()))
      .toMatch(new RegExp(`/_traces/t/${traceId}\\?s=[0-9a-f]{16}$`))
  })

  it('downloads the trace as OTLP JSON', async () => {
    const { traceId } = await real.app.visit('/ok/8')
    const page = await openTrace(traceId)
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page
        .click('role=button[name="Export"]')
        .then(() => page.click('role=menuitem[name=/^OTLP JSON/]'))
    ])
    const content = JSON.parse(readFileSync((await file.path()) ?? '', 'utf8'))
    expect(file.suggestedFilename()).toBe(`trace-${traceId.slice(0, 8)}.otlp.json`)
    expect(content.resourceSpans[0].scopeSpans[0].spans[0].traceId).toBe(traceId)
  })

  it('shows log lines on their span and in the logs of the trace', async () => {
    const { traceId } = await real.app.visit('/ok/9')
    const page = await openTrace(traceId)
    await page.waitForFunction(() =>
      document.querySelector('.panel .logs')?.textContent?.includes('looking up 9')
    )
    await page.click('[role=tab]:has-text("Logs")')
    await page.waitForFunction(() =>
      document.querySelector('.logs.wide')?.textContent?.includes('looking up 9')
    )
    expect(new URL(page.url()).searchParams.get('tab')).toBe('logs')
  })

  it('gathers spans by operation in a table that sorts', async () => {
    const { traceId } = await real.app.visit('/loop')
    const page = await openTrace(traceId)
    await page.click('[role=tab]:has-text("Operations")')
    await page.click('th button:has-text("Count")')
    await expect.poll(() => page.textContent('.operations tbody tr')).toContain('SELECT item')
    await expect
      .poll(() => page.textContent('.operations th[aria-sort=descending]'))
      .toContain('Count')
  })

  it('leads from a value to the traces that have it', async () => {
    const { traceId } = await real.app.visit('/ok/10')
    const page = await openTrace(traceId)
    await page.hover('.attributes > div:has-text("url.path")')
    await page.click('.attributes > div:has-text("url.path") a')
    await page.waitForFunction(() =>
      new URLSearchParams(location.search).get('q')?.startsWith('@url.path')
    )
    await page.waitForSelector(`[data-trace="${traceId}"]`)
  })

  it('zooms by keys on the minimap and by dragging over it', async () => {
    const { traceId } = await real.app.visit('/loop')
    const page = await openTrace(traceId)
    await page.focus('.minimap')
    await page.keyboard.press('ArrowUp')
    await page.waitForSelector('.lens')
    await page.keyboard.press('Escape')
    await page.waitForSelector('.lens', { state: 'detached' })
    const box = (await page.locator('.minimap').boundingBox())!
    await page.mouse.move(box.x + box.width * 0.25, box.y + 20)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.75, box.y + 20, { steps: 4 })
    await page.mouse.up()
    const lens = (await page.locator('.lens').boundingBox())!
    expect(lens.width / box.width).toBeCloseTo(0.5, 1)
  })

  it('opens ten thousand spans with a bounded document, to their last row', async () => {
    const traceId = 'b'.repeat(32)
    const spans: IngestSpan[] = [
      { traceId, id: 1, name: 'GET /big', start: 0, duration: 1_000_000, kind: 2 }
    ]
    for (let i = 2; i <= 10_000; i++) {
      const parent = i % 10 === 2 ? 1 : i - ((i - 2) % 10)
      spans.push({
        traceId,
        id: i,
        parent,
        name: `step ${i % 17}`,
        start: i * 90,
        duration: 80,
        attributes: { 'item.number': `n${i}` }
      })
    }
    await real.app.ingest(spans)
    const page = await openTrace(traceId)
    expect(await page.textContent('.facts-line')).toContain('10,000 spans')
    await grid(page)
    await page.keyboard.press('[')
    await page.keyboard.press('End')
    await page.waitForFunction(
      () =>
        Number(
          document.querySelector('.row[aria-selected="true"]')?.getAttribute('aria-rowindex')
        ) > 9999
    )
    expect(await page.evaluate(() => document.querySelectorAll('*').length)).toBeLessThan(1900)
    await page.fill('#find', 'n7777')
    await page.waitForFunction(() => document.querySelector('.found')?.textContent === '1')
    await page.press('#find', 'Enter')
    await page.waitForFunction(() =>
      document.querySelector('.panel')?.textContent?.includes('n7777')
    )
  })

  it('shows spans of strangers as text, whatever they are called', async () => {
    const traceId = 'c'.repeat(32)
    const hostile = `<img src=x onerror="window.__pwn=1"> javascript:alert(1) __proto__ \u202e`
    await real.app.ingest(
      [
        {
          traceId,
          id: 1,
          name: hostile,
          start: 0,
          duration: 1000,
          failed: true,
          attributes: { [hostile]: hostile, __proto__: 'x', 'db.query.text': hostile }
        },
        {
          traceId,
          id: 2,
          parent: 1,
          name: 'x'.repeat(10_000),
          start: 0,
          duration: 10,
          attributes: { constructor: 'y' }
        }
      ],
      hostile
    )
    const page = await openTrace(traceId)
    await page.waitForSelector('.panel .attributes')
    expect(await page.evaluate(() => (window as { __pwn?: number }).__pwn)).toBeUndefined()
    expect(await page.$$('.trace img')).toEqual([])
    expect(await page.textContent('.timeline .row .label')).toContain('\\u202e')
  })

  it('lays out a statement that came under its older name', async () => {
    const traceId = '0b'.repeat(16)
    const attributes = { 'db.system': 'mysql', 'db.statement': 'select a from b where c = ?' }
    await real.app.ingest([{ traceId, id: 1, name: 'query', start: 0, duration: 9, attributes }])
    const page = await openTrace(traceId)
    await page.waitForSelector('.panel .statement .word')
    expect(await page.textContent('.panel .statement pre')).toContain('\n  b\n')
    expect(await page.textContent('.panel .attributes')).not.toContain('select a')
  })

  it('says what to do when a trace is no longer there', async () => {
    const one = await openPage(`${real.app.page}t/${'d'.repeat(32)}`)
    await one.page.waitForSelector('h1:has-text("no longer in memory")')
    expect(await one.page.textContent('.empty')).toContain('Pin a trace')
  })

  it.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 320],
    ['dark', 320]
  ] as const)(
    'breaks no accessibility rule in %s at %i pixels, on any tab',
    async (colorScheme, width) => {
      const { traceId } = await real.app.visit('/fails')
      const page = await openTrace(traceId, '', {
        colorScheme,
        viewport: { width, height: 720 },
        bypassCSP: true
      })
      await page.waitForSelector('.panel .error-card')
      for (const tab of ['Timeline', 'Operations', 'Logs']) {
        await page.click(`[role=tab]:has-text("${tab}")`)
        expect(await violations(page)).toEqual([])
      }
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(
        width
      )
    }
  )
})
