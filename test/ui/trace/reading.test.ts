import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { hasBrowser } from '../browser.ts'
import { useRealPages } from '../real-pages.ts'

describe.skipIf(!hasBrowser)('reading a trace', () => {
  const real = useRealPages()
  const { openPage, openTrace } = real

  const selectedName = (page: Page) =>
    page.textContent('.timeline .row[aria-selected="true"] .label')
  const nameWidth = async (page: Page) =>
    Math.round((await page.locator('.heads .name').boundingBox())!.width)
  const separator = 'role=separator[name="Width of the span names"]'

  it('shows beside a failed query the exception that it became, and leads to its span', async () => {
    const { traceId } = await real.app.visit('/refused')
    const page = await openTrace(traceId)
    expect(await selectedName(page)).toBe('INSERT cart')
    await page.waitForSelector('.elsewhere .error-card')
    expect(await page.textContent('.panel')).toContain('violates a constraint')
    const near = (await page.textContent('.elsewhere')) ?? ''
    expect(near).toContain('Error: the cart could not be stored')
    expect(near).toMatch(/test\/ui\/app\.js:\d+/)
    await page.click('.elsewhere button.link')
    await expect.poll(() => selectedName(page)).toBe('GET /refused')
    await page.waitForSelector('.elsewhere', { state: 'detached' })
    await expect.poll(() => page.textContent('.panel .error-card')).toContain('could not be stored')
    await page.goBack()
    await page.waitForSelector('.elsewhere')
  })

  it('says above the chart what the first failure was', async () => {
    const { traceId } = await real.app.visit('/refused')
    const page = await openTrace(traceId)
    await page.waitForSelector('.answer:has-text("violates a constraint")')
    expect(await page.textContent('.answer')).toContain('It failed first in INSERT cart')
  })

  it('gives each line of a stack a line of its own', async () => {
    const { traceId } = await real.app.visit('/fails')
    const page = await openTrace(traceId)
    await page.waitForSelector('.stack .cause')
    const tops = await page.$$eval('.stack .frame', (lines) =>
      lines.map((line) => line.getBoundingClientRect().top)
    )
    expect(tops.length).toBeGreaterThan(2)
    expect(new Set(tops).size).toBe(tops.length)
  })

  it('says which services took part and how long the response waited for each', async () => {
    const traceId = 'e'.repeat(32)
    const kind = 2
    await real.app.ingest(
      [{ traceId, id: 1, name: 'GET /shop', start: 0, duration: 100_000, kind }],
      'web'
    )
    await real.app.ingest(
      [
        {
          traceId,
          id: 2,
          parent: 1,
          name: 'GET /price',
          start: 10_000,
          duration: 75_000,
          kind,
          failed: true
        }
      ],
      'price'
    )
    const page = await openTrace(traceId)
    const legend = await page.$$eval('.legend li', (items) =>
      items.map((item) => item.textContent?.replaceAll(/\s+/g, ' ').trim())
    )
    expect(legend).toEqual(['price 75 % 1', 'web 25 %'])
    await page.selectOption('.legend select', 'kind')
    await expect.poll(() => page.textContent('.legend li')).toContain('incoming HTTP')
  })

  it('says above the chart what the response waited for longest, calls in a loop together', async () => {
    const traceId = '10'.repeat(16)
    const queries = Array.from({ length: 12 }, (_, i) => ({
      traceId,
      id: i + 2,
      parent: 1,
      name: 'SELECT item',
      start: 1000 + i * 8000,
      duration: 7000
    }))
    const root = { traceId, id: 1, name: 'GET /basket', start: 0, duration: 100_000, kind: 2 }
    await real.app.ingest([root, ...queries])
    const page = await openTrace(traceId)
    const says = (await page.textContent('.answer')) ?? ''
    expect(says).toContain('12 × SELECT item')
    expect(says).toContain('84.0 ms, 84 %')
    await page.click('.answer button.link')
    await expect.poll(() => selectedName(page)).toBe('SELECT item')
  })

  it('takes another service that ends after the response it gave for no late work', async () => {
    const traceId = '1e'.repeat(16)
    const kind = 2
    const root = { traceId, id: 1, name: 'GET /skew', start: 0, duration: 100_000, kind }
    const other = {
      traceId,
      id: 2,
      parent: 1,
      name: 'GET /far',
      start: 10,
      duration: 104_000,
      kind
    }
    await real.app.ingest([root], 'near')
    await real.app.ingest([other], 'far')
    const page = await openTrace(traceId)
    expect(await page.locator('.lines .line').count()).toBeGreaterThan(1)
    expect(await page.locator('.lines .sent').count()).toBe(0)
  })

  it('widens the names by keys and by dragging, and remembers it', async () => {
    const { traceId } = await real.app.visit('/loop')
    const page = await openTrace(traceId)
    const suits = await nameWidth(page)
    await page.focus(separator)
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowRight')
    await expect.poll(() => nameWidth(page)).toBe(suits + 32)
    await expect.poll(() => page.getAttribute(separator, 'aria-valuenow')).toBe(String(suits + 32))

    const box = (await page.locator(separator).boundingBox())!
    await page.mouse.move(box.x + 4, box.y + 100)
    await page.mouse.down()
    await page.mouse.move(box.x + 4 - 132, box.y + 100, { steps: 3 })
    await page.mouse.up()
    await expect.poll(() => nameWidth(page)).toBe(suits - 100)
    await page.mouse.move(box.x + 300, box.y + 100)
    await expect.poll(() => nameWidth(page)).toBe(suits - 100)

    await page.reload()
    await page.waitForSelector('.trace .grid .row')
    await expect.poll(() => nameWidth(page)).toBe(suits - 100)
    await page.focus(separator)
    await page.keyboard.press('Home')
    await expect.poll(() => nameWidth(page)).toBe(120)
    await page.keyboard.press('Escape')
    await expect.poll(() => nameWidth(page)).toBe(suits)
    await expect
      .poll(() => page.evaluate(() => localStorage.getItem('spanlight.name-width')))
      .toBe(null)
  })

  it('gives operations and logs the room that the details leave', async () => {
    const { traceId } = await real.app.visit('/loop')
    for (const tab of ['table', 'logs']) {
      const page = await openTraceOn(traceId, tab)
      const body = (await page.locator('.tab-body').boundingBox())!
      expect(body.width).toBeGreaterThan(1200)
    }
  })

  async function openTraceOn(traceId: string, tab: string): Promise<Page> {
    const one = await openPage(`${real.app.page}t/${traceId}?tab=${tab}`)
    await one.page.waitForSelector('.tab-body')
    return one.page
  }

  it('cuts nothing off at 320 pixels: buttons inside, lines below each other', async () => {
    const { traceId } = await real.app.visit('/refused')
    const page = await openTrace(traceId, '', { viewport: { width: 320, height: 700 } })
    await page.waitForSelector('.answer:has-text("violates a constraint")')
    const [outside, lines] = await page.evaluate(() => {
      const box = (element: Element) => element.getBoundingClientRect()
      const pressed = [...document.querySelectorAll('.trace-head :is(a, button), .tools-line *')]
      const parts = ['.trace-head .line', '.facts-line', '.answer', '.tools-line', '.minimap']
      return [
        pressed.filter((one) => box(one).right > 320.5).map((one) => one.outerHTML),
        parts
          .map((part) => document.querySelector(part)!)
          .map((one) => [box(one).top, box(one).bottom])
      ] as const
    })
    expect(outside).toEqual([])
    for (const [i, [top]] of lines.entries())
      if (i > 0) expect(top).toBeGreaterThanOrEqual(lines[i - 1][1] - 0.5)
    const tree = (await page.locator('.timeline .scroller').boundingBox())!
    expect(tree.height).toBeGreaterThan(150)
  })

  it('lists every key of the screen, those of the grid and of its surroundings too', async () => {
    const { traceId } = await real.app.visit('/ok/1')
    const page = await openTrace(traceId)
    await page.keyboard.press('?')
    const help = (await page.textContent('dialog')) ?? ''
    for (const does of [
      'pin the trace',
      'zoom',
      'resize',
      'by a page',
      'for the browser',
      'fold, then the parent'
    ])
      expect(help.toLowerCase()).toContain(does)
    const titles = await page.$$eval('dialog h3', (heads) => heads.map((head) => head.textContent))
    expect(titles.at(-1)).toBe('Everywhere')
  })
})
