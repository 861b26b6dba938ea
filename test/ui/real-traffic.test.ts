import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { hasBrowser, rowIds } from './browser.ts'
import { startRealApp } from './real-app.ts'
import { useRealPages } from './real-pages.ts'

describe.skipIf(!hasBrowser)('the list on real traffic', () => {
  const real = useRealPages()
  const { openPage, openList } = real

  const row = (page: Page, traceId: string) => page.locator(`[data-trace="${traceId}"]`)

  it('says where to send the first request while there is none', async () => {
    const page = await openList()
    await page.waitForSelector('.empty')
    expect(await page.textContent('.empty')).toContain(`curl -i ${real.app.url}/`)
  })

  it('shows a request as it happens, with route, status and duration, without a reload', async () => {
    const page = await openList()
    const trace = await real.app.visit('/ok/1')
    await row(page, trace.traceId).waitFor()
    const text = (await row(page, trace.traceId).textContent()) ?? ''
    expect(text).toContain('200')
    expect(text).toContain('/ok/:id')
    expect(text).toMatch(/\d (?:ms|µs)/)
  })

  it('never lists its own requests', async () => {
    const page = await openList()
    await page.reload()
    await page.waitForSelector('.live .dot.ok')
    expect((await real.app.traces('')).filter((trace) => trace.route.includes('_traces'))).toEqual(
      []
    )
  })

  it('marks a failed request by more than colour', async () => {
    const page = await openList()
    const trace = await real.app.visit('/fails')
    await row(page, trace.traceId).waitFor()
    expect(await row(page, trace.traceId).textContent()).toContain('500')
    expect(await row(page, trace.traceId).locator('.c-errors svg').count()).toBe(1)
  })

  it('shows a request in flight while it hangs, and takes it off when it ends', async () => {
    const page = await openList()
    const hanging = fetch(`${real.app.url}/hang`)
    await page.waitForSelector('.flight a:has-text("/hang")')
    await fetch(`${real.app.url}/release`)
    await hanging
    await page.waitForSelector('.flight a:has-text("/hang")', { state: 'detached' })
  })

  it('folds health checks into a counted chip that opens', async () => {
    const page = await openList()
    const before = await real.app.visit('/health')
    await page.waitForSelector('button:has-text("hidden")')
    expect(await rowIds(page)).not.toContain(before.traceId)
    await page.click('button:has-text("hidden")')
    await row(page, before.traceId).waitFor()
  })

  it('filters by an attribute that only the server knows, for what is there and what comes', async () => {
    await real.app.visit('/loop')
    const page = await openList('?q=%40db.collection.name:item')
    await page.waitForFunction(() => document.querySelectorAll('.traces-grid .item').length === 1)
    await real.app.visit('/ok/2')
    const next = await real.app.visit('/loop')
    await row(page, next.traceId).waitFor()
    await page.waitForFunction(() => document.querySelectorAll('.traces-grid .item').length === 2)
  })

  it('takes for slow what the process takes for slow', async () => {
    const page = await openList('?q=is:slow')
    const slow = await real.app.visit('/slow')
    await row(page, slow.traceId).waitFor()
  })

  it('leads by keyboard from the list to a trace and back to the same row', async () => {
    const page = await openList()
    await page.waitForSelector('.traces-grid .item')
    await page.keyboard.press('j')
    const [first] = await rowIds(page)
    await page.keyboard.press('Enter')
    await page.waitForURL(`**/t/${first}*`)
    await page.waitForSelector('.trace .grid .row')
    await page.goBack()
    await page.waitForSelector(`[data-trace="${first}"].active`)
  })

  it('notices that the process was started anew and goes on with the new one', async () => {
    const port = new URL(real.app.url).port
    const page = await openList()
    await real.app.close()
    await page.waitForSelector('.live.away')
    real.app = await startRealApp({ PORT: port })
    await page.waitForSelector('.banner:has-text("started")')
    const trace = await real.app.visit('/ok/3')
    await page.waitForFunction(
      (id) =>
        document.querySelector(`[data-trace="${id}"]`) !== null ||
        document.querySelector('.pill') !== null,
      trace.traceId
    )
  })

  it('works with a token from the printed address, which leaves no trace of it in the address bar', async () => {
    const token = 'correct-horse-battery-staple-000000'
    const guarded = await startRealApp({ NODE_ENV: 'staging', SPANLIGHT_TOKEN: token })
    try {
      const one = await openPage(`${guarded.page}#t=${token}`)
      await one.page.waitForSelector('.live .dot.ok')
      expect(one.page.url()).toBe(guarded.page)
      const trace = await guarded.visit('/ok/4')
      await row(one.page, trace.traceId).waitFor()
      const stranger = await openPage(guarded.page)
      await stranger.page.waitForSelector('text=/token/i')
      expect(await rowIds(stranger.page)).toEqual([])
    } finally {
      await guarded.close()
    }
  })
})
