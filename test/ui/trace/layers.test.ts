import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { hasBrowser, violations } from '../browser.ts'
import type { IngestSpan } from '../real-app.ts'
import { useRealPages } from '../real-pages.ts'

describe.skipIf(!hasBrowser)('the layers of a request, on the page of its trace', () => {
  const real = useRealPages()
  let traces = 0

  /** A request of Koa in three middleware, each in the one before, with a query in the last; in another service, so that it can be handed in. */
  async function open(slow = 0): Promise<Page> {
    const traceId = (++traces).toString(16).padStart(32, 'a')
    const middleware = (id: number, name: string): IngestSpan => ({
      traceId,
      id,
      parent: id - 1,
      name: `middleware - ${name}`,
      start: id * 100 + (id > 3 ? slow : 0),
      duration: 20_000 + slow - id * 200 - (id > 3 ? slow : 0),
      attributes: { 'koa.type': 'middleware', 'koa.name': name }
    })
    const ends = { start: 600 + slow, duration: 18_500 }
    await real.app.ingest([
      { traceId, id: 1, name: 'GET /shop', start: 0, duration: 20_000 + slow, kind: 2 },
      ...['cors', 'session', 'auth', 'answer'].map((name, i) => middleware(i + 2, name)),
      { traceId, id: 6, parent: 5, name: 'SELECT item', ...ends, kind: 3 }
    ])
    return real.openTrace(traceId)
  }

  const labels = (page: Page): Promise<string[]> =>
    page.$$eval('.timeline .row', (rows) =>
      rows.map((row) => row.querySelector('.name')?.textContent?.trim().replace(/\s+/g, ' ') ?? '')
    )

  it('are one row while none of them took long, above what they called', async () => {
    const page = await open()
    expect(await labels(page)).toEqual([
      'GET /shop',
      '4 middleware cors › session › auth › answer',
      'SELECT item'
    ])
    const levels = await page.$$eval('.timeline .row', (rows) =>
      rows.map((row) => row.getAttribute('aria-level'))
    )
    expect(levels).toEqual(['1', '2', '3'])
    expect(await page.getAttribute('.row.group', 'aria-expanded')).toBe('false')
    expect(await violations(page)).toEqual([])
  })

  it('open and fold again by click and by keyboard, and are stood on as one', async () => {
    const page = await open()
    const opened = [
      'GET /shop',
      '4 middleware',
      ...['cors', 'session', 'auth', 'answer'].map((name) => `middleware - ${name}`),
      'SELECT item'
    ]
    await page.click('.row.group')
    await expect.poll(() => labels(page)).toEqual(opened)
    await page.click('.row.group')
    await expect.poll(() => labels(page)).toHaveLength(3)
    await page.focus('.timeline .grid')
    await page.keyboard.press('Home')
    await page.keyboard.press('ArrowDown')
    await page.waitForSelector('.row.group[aria-selected="true"]')
    await page.keyboard.press('ArrowDown')
    await page.waitForSelector('.row[aria-selected="true"]:has-text("SELECT item")')
    // To the layers that it stands below, which stay folded.
    await page.keyboard.press('ArrowLeft')
    await page.waitForSelector('.row.group[aria-selected="true"]')
    await expect.poll(() => labels(page)).toHaveLength(3)
    await page.keyboard.press('ArrowRight')
    await page.waitForSelector('.row.group[aria-expanded="true"]')
    await expect.poll(() => labels(page)).toEqual(opened)
  })

  it('are stood on however fast the keys come', async () => {
    const page = await open()
    const selected = await page.evaluate(async () => {
      const press = (key: string): void => {
        const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })
        document.querySelector('.timeline .grid')?.dispatchEvent(event)
      }
      const frame = (): Promise<number> => new Promise(requestAnimationFrame)
      // Each key is a task of its own, and both come before a frame is drawn.
      const task = (): Promise<unknown> =>
        new Promise((resolve) => {
          const { port1, port2 } = new MessageChannel()
          port1.addEventListener('message', resolve)
          port1.start()
          port2.postMessage('')
        })
      await frame()
      press('Home')
      await task()
      press('ArrowDown')
      for (let i = 0; i < 5; i++) await frame()
      return document.querySelector('.row[aria-selected="true"]')?.className
    })
    expect(selected).toContain('group')
  })

  it('stand alone where one of them took its time', async () => {
    const page = await open(9000)
    expect(await labels(page)).toEqual([
      'GET /shop',
      'middleware - cors',
      'middleware - session',
      'no span covers 9.10 ms',
      'middleware - auth',
      'middleware - answer',
      'SELECT item'
    ])
  })
})
