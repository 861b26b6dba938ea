import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { hasBrowser } from '../browser.ts'
import { useRealPages } from '../real-pages.ts'

describe.skipIf(!hasBrowser)('the code behind a span', () => {
  const real = useRealPages()
  const { openTrace } = real

  const query = (page: Page) => page.click('.timeline .row:not(.gap):not(.group) >> nth=-1')

  it('is a line that is copied, opened in the editor of choice, and shown', async () => {
    const { traceId } = await real.app.visit('/fails')
    const page = await openTrace(traceId)
    await page.waitForSelector('.panel .code-frame')
    expect(await page.textContent('.call-site')).toMatch(/^app\.js:\d+/)
    const line = (await page.textContent('.panel section:not(.error-card) .code-line.here')) ?? ''
    expect(line).toContain("withSpan('load cart'")

    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await page.click('.call-site button[aria-label="Copy file and line"]')
    await expect
      .poll(() => page.evaluate(() => navigator.clipboard.readText()))
      .toMatch(/^test\/ui\/app\.js:\d+$/)

    const link = '.call-site a[aria-label="Open in VS Code"]'
    expect(await page.getAttribute(link, 'href')).toMatch(
      /^vscode:\/\/file\/.+\/test\/ui\/app\.js:\d+:\d+$/
    )
    await page.click('button[aria-label="Settings"]')
    await page.selectOption('dialog select', 'webstorm')
    await page.keyboard.press('Escape')
    await expect
      .poll(() => page.getAttribute('.call-site a[aria-label="Open in WebStorm"]', 'href'))
      .toMatch(/^webstorm:\/\/open\?file=/)
    await page.click('button[aria-label="Settings"]')
    await page.selectOption('dialog select', 'none')
    await expect.poll(() => page.$('a[aria-label^="Open in"]')).toBeNull()
    await page.reload()
    await page.waitForSelector('.panel .code-frame')
    expect(await page.$('a[aria-label^="Open in"]')).toBeNull()
  })

  it('is shown around the line that an error came from, and around another when it is picked', async () => {
    const { traceId } = await real.app.visit('/fails')
    const page = await openTrace(traceId)
    await page.waitForSelector('.error-card .code-frame')
    const here = () => page.textContent('.error-card .code-line.here')
    expect(await here()).toContain('cart is broken')
    await page.click('.error-card button.frame[aria-pressed="false"]')
    await expect.poll(() => here()).toContain("withSpan('load cart'")
    // The numbers of the lines are no text.
    await expect.poll(() => here()).not.toMatch(/^\s*\d/)
  })

  it('leads to all spans from the line, in this trace and in all', async () => {
    await real.app.visit('/loop')
    const { traceId } = await real.app.visit('/loop')
    const page = await openTrace(traceId)
    expect(await page.textContent('.row.group .site')).toMatch(/^app\.js:\d+$/)
    await page.click('.row.group')
    await query(page)
    await page.click('.call-site button:has-text("in this trace")')
    await page.waitForFunction(() => document.querySelectorAll('.row.hit').length >= 12)
    await expect
      .poll(() => page.inputValue('.trace input[type=search]'))
      .toMatch(/^test\/ui\/app\.js:\d+$/)

    await page.click('.call-site a[aria-label="All spans from this line"]')
    await page.waitForFunction(
      () => document.querySelectorAll('.list [role=row] a, .rows a').length >= 2
    )
    const q = new URL(page.url()).searchParams.get('q') ?? ''
    expect(q).toMatch(/^@code\.file\.path=test\/ui\/app\.js @code\.line\.number=\d+$/)
    const found = await real.app.traces(q)
    expect(found.length).toBe(2)
    expect(found.every(({ route }) => route === '/loop')).toBe(true)
  })
})

describe.skipIf(!hasBrowser)('the code behind a span in token mode', () => {
  const token = 'a-token-that-is-long-enough-0123456789'
  const real = useRealPages({ SPANLIGHT_ACCESS: 'token', SPANLIGHT_TOKEN: token })

  it('is not shown, and an error has its stack all the same', async () => {
    const { traceId } = await real.app.visit('/fails')
    const page = await real.openTrace(traceId, `#t=${token}`)
    await page.waitForSelector('.error-card .stack')
    expect(await page.textContent('.error-card')).toMatch(/test\/ui\/app\.js:\d+/)
    expect(await page.$('.call-site, .code-frame, a[aria-label^="Open in"]')).toBeNull()
  })
})
