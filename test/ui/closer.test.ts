import { describe, expect, it } from 'vitest'
import { hasBrowser } from './browser.ts'
import { startRealApp } from './real-app.ts'
import { useRealPages } from './real-pages.ts'

describe.skipIf(!hasBrowser)('a closer look at the next requests', () => {
  const real = useRealPages()

  it('profiles the next one of the route and leads to what ran in it', async () => {
    const { traceId } = await real.app.visit('/ok/1')
    const page = await real.openTrace(traceId)
    await page.click('button:has-text("Profile the next GET /ok/:id")')
    await page.waitForSelector('.closer :text("Waiting for the next GET /ok/:id")')
    await real.app.visit('/slow')
    const profiled = await real.app.visit('/ok/2')
    await page.click('.closer a:has-text("the request of that trace")')
    await page.waitForURL(`**/t/${profiled.traceId}?tab=cpu`)
    await page.waitForSelector('.tab-body.cpu, .tab-body .note')
    expect(await page.getAttribute('#tab-cpu', 'aria-selected')).toBe('true')
  })

  it('draws the profile, and finds a function in its table', async () => {
    const { traceId } = await real.app.visit('/busy')
    const page = await real.openTrace(traceId)
    await page.click('button:has-text("Profile the next GET /busy")')
    await page.waitForSelector('.closer .note')
    const profiled = await real.app.visit('/busy')
    await page.click('.closer a:has-text("the request of that trace")')
    await page.waitForURL(`**/t/${profiled.traceId}?tab=cpu`)
    await page.waitForSelector('.flame canvas')
    const download = page.waitForEvent('download')
    await page.click('button:has-text("Download .cpuprofile")')
    expect((await download).suggestedFilename()).toBe(`trace-${profiled.traceId}.cpuprofile`)
    await page.fill('.cpu-functions input', 'ui/app.js')
    // V8 may have put the function that does the work into the one that calls it: the file is certain.
    const row = page.locator('.cpu-functions tbody tr').first()
    expect(await row.textContent()).toContain('app.js:')
    await row.locator('button').click()
    await expect.poll(() => row.locator('button').getAttribute('aria-pressed')).toBe('true')
    const before = await page.locator('.flame canvas').screenshot()
    await page.check('label:has-text("frames above your code") input')
    expect((await page.locator('.flame canvas').screenshot()).equals(before)).toBe(false)
  })

  it('keeps the bodies of the next five, and shows them laid out', async () => {
    const { traceId } = await real.app.visit('/ok/1')
    const page = await real.openTrace(traceId)
    await page.click('button:has-text("Keep the bodies of the next 5")')
    await page.waitForSelector('.closer :text("Waiting for 5 requests")')
    const next = await real.app.visit('/ok/7')
    await page.waitForSelector('.closer :text("Waiting for 4 requests")')
    const other = await real.openTrace(next.traceId)
    await other.waitForSelector('h3:has-text("Response body")')
    expect(await other.textContent('pre[aria-label="Response body"]')).toBe('{\n  "id": "7"\n}')
    await page.click('.closer button:has-text("cancel")')
    await page.waitForSelector('button:has-text("Keep the bodies of the next 5")')
  })

  it('is not offered where the process does not allow it', async () => {
    const token = 'correct-horse-battery-staple-000000'
    const guarded = await startRealApp({ NODE_ENV: 'staging', SPANLIGHT_TOKEN: token })
    try {
      const { traceId } = await guarded.visit('/ok/1')
      const { page } = await real.openPage(`${guarded.page}t/${traceId}#t=${token}`)
      await page.waitForSelector('.panel h3:has-text("Attributes")')
      await page.waitForLoadState('networkidle')
      expect(await page.locator('.closer').count()).toBe(0)
    } finally {
      await guarded.close()
    }
  })
})
