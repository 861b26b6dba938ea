import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { alone, endAll, freePorts, removeState, startHub } from '../cli/process.ts'
import { sendTrace } from '../cli/send.ts'
import { buildOnce, hasBrowser, launch, open, violations, type Watched } from './browser.ts'

const variants: BrowserContextOptions[] = [
  { colorScheme: 'light', viewport: { width: 1280, height: 760 } },
  { colorScheme: 'dark', viewport: { width: 360, height: 760 } },
  { forcedColors: 'active', viewport: { width: 1280, height: 760 } }
]

describe.skipIf(!hasBrowser)("a hub's page", () => {
  let browser: Browser
  let origin: string
  let zipkin: number
  const watched: Watched[] = []

  beforeAll(async () => {
    await buildOnce()
    browser = await launch()
    ;[zipkin] = (await freePorts(1)) as [number]
    ;({ origin } = await startHub(['--port=0', ...alone, `--zipkin-port=${zipkin}`]))
  })

  afterEach(async () => {
    for (const { page, faults } of watched.splice(0)) {
      expect(faults).toEqual([])
      await page.context().close()
    }
  })

  afterAll(async () => {
    await browser.close()
    await endAll()
    removeState()
  })

  async function visit(
    path: string,
    shows: string,
    options: BrowserContextOptions = {}
  ): Promise<Page> {
    const one = await open(browser, `${origin}/_traces/${path}`, options)
    watched.push(one)
    await one.page.waitForSelector(shows)
    return one.page
  }

  it('says that it is one, and shows the variables that send traces to it, to be copied', async () => {
    const page = await visit('', '.copy-line.lines', {
      permissions: ['clipboard-read', 'clipboard-write']
    })
    expect(await page.textContent('header .service')).toBe('Hub')
    const lines = `export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:${new URL(origin).port}
export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
export OTEL_SERVICE_NAME=my-service`
    expect(await page.innerText('.copy-line.lines code')).toBe(lines)
    expect(await page.innerText('.empty')).toContain(`Zipkin at http://localhost:${zipkin}`)
    expect(await page.innerText('.empty')).not.toContain('test request')
    await page.click('role=button[name="Copy the variables"]')
    await page.waitForSelector('role=button[name="Copied"]')
    await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(lines)
  })

  it.each(variants)('keeps the rules of accessibility: %j', async (options) => {
    for (const [path, shows] of [
      ['', '.copy-line.lines'],
      ['status', '.listeners']
    ] as const) {
      const page = await visit(path, shows, options)
      expect(await violations(page)).toEqual([])
      const wider = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth
      )
      expect(wider).toBeLessThanOrEqual(0)
    }
  })

  it('counts on its status what came by each door, and has no library of its own', async () => {
    await sendTrace(origin, { name: 'one' })
    await sendTrace(origin, { name: 'two' })
    const page = await visit('status', '.listeners')
    const rows = await page.$$eval('.listeners tbody tr', (all) =>
      all.map((row) => [...row.children].map((cell) => (cell as HTMLElement).innerText))
    )
    expect(rows).toEqual([
      [expect.stringContaining(origin), '2', '2'],
      [expect.stringContaining(`http://localhost:${zipkin}`), '0', '0']
    ])
    expect(await page.locator('.libraries').count()).toBe(0)
  })
})
