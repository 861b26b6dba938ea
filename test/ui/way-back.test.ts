import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { hasBrowser } from './browser.ts'
import { useRealPages } from './real-pages.ts'

describe.skipIf(!hasBrowser)('between the list and a trace', () => {
  const real = useRealPages()
  const { openList } = real

  const row = (page: Page, traceId: string) => page.locator(`.item[data-trace="${traceId}"]`)
  const query = (page: Page) => new URL(page.url()).searchParams.get('q')

  it('leads back to the filter that the list was left with, by either link, and then to all', async () => {
    await real.app.visit('/ok/1')
    const failed = await real.app.visit('/fails')
    const page = await openList('?q=is%3Aerror')
    for (const link of ['.trace-head .back', 'nav a:has-text("Traces")']) {
      await row(page, failed.traceId).locator('a').click()
      await page.click(link)
      await row(page, failed.traceId).waitFor()
      expect(query(page)).toBe('is:error')
      expect(await page.inputValue('.filter input')).toBe('is:error')
    }
    await page.click('nav a:has-text("Traces")')
    await page.waitForFunction(() => location.search === '')
  })

  it('pins the row that the keyboard is on, with a mark that stays', async () => {
    const { traceId } = await real.app.visit('/ok/2')
    const page = await openList()
    await row(page, traceId).waitFor()
    await page.keyboard.press('j')
    await page.keyboard.press('x')
    await row(page, traceId).locator('.badge.pinned').waitFor()
    expect((await real.app.traces('is:pinned')).map((trace) => trace.traceId)).toEqual([traceId])
    await page.reload()
    await row(page, traceId).locator('.badge.pinned').waitFor()
    expect(await row(page, traceId).textContent()).toContain('pinned')
  })

  it('marks in the list what was pinned on the page of the trace', async () => {
    const { traceId } = await real.app.visit('/ok/3')
    const page = await openList()
    await row(page, traceId).locator('a').click()
    await page.waitForSelector('.trace-head')
    await page.keyboard.press('x')
    await page.waitForSelector('button:has-text("Pinned")')
    await page.click('.trace-head .back')
    await row(page, traceId).locator('.badge.pinned').waitFor()
  })

  it('calls slow what took long, not what was the slowest of a fast route', async () => {
    const [fast, slow] = [await real.app.visit('/ok/4'), await real.app.visit('/slow')]
    const page = await openList()
    await row(page, slow.traceId).waitFor()
    expect(await row(page, slow.traceId).locator('.badge').allTextContents()).toEqual(['slow'])
    expect(await row(page, fast.traceId).locator('.badge').count()).toBe(0)
  })

  it('names the services only when there is more than one', async () => {
    const page = await openList()
    await page.waitForSelector('.item')
    expect(await page.locator('.c-services').first().isVisible()).toBe(false)
    const traceId = '5e'.repeat(16)
    await real.app.ingest(
      [{ traceId, id: 1, name: 'GET /far', start: 0, duration: 900, kind: 2 }],
      'far'
    )
    await row(page, traceId).waitFor()
    expect(await row(page, traceId).locator('.c-services').textContent()).toBe('far')
    expect(await page.locator('.c-services').first().isVisible()).toBe(true)
  })

  it('counts traces, not the records that they came in', async () => {
    const traceId = '6e'.repeat(16)
    for (const id of [1, 2, 3])
      await real.app.ingest([
        { traceId, id, name: `part ${id}`, start: id, duration: 5, ...(id > 1 && { parent: 1 }) }
      ])
    const all = (await real.app.traces('')).length
    const page = await openList('status')
    await page.waitForSelector('.strip:has-text("in memory")')
    expect(await page.textContent('.strip')).toContain(`${all} traces in memory`)
  })
})
