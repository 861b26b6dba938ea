import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ExportStatus } from '../../src/wire/status.ts'
import { buildOnce, hasBrowser, launch, open, violations, type Watched } from './browser.ts'
import { statusOf } from './fake.ts'
import { Fixture } from './fixture.ts'

const address = 'http://collector.observability.svc.cluster.example/v1/traces'
const destinations: ExportStatus[] = [
  {
    to: 'http://localhost:9411/api/v2/spans',
    protocol: 'zipkin',
    sent: 5,
    failed: 0,
    dropped: 0,
    waiting: 0,
    failing: false,
    lastError: '',
    lastErrorAt: 0
  },
  {
    to: address,
    protocol: 'http/protobuf',
    sent: 12,
    failed: 7,
    dropped: 0,
    waiting: 3,
    failing: true,
    lastError: 'ECONNREFUSED',
    lastErrorAt: Date.now() - 5000
  }
]

describe.skipIf(!hasBrowser)('the status page', () => {
  let browser: Browser
  let fixture: Fixture
  let url: string
  const watched: Watched[] = []

  beforeAll(async () => {
    await buildOnce()
    browser = await launch()
    fixture = new Fixture({ traces: 3 })
    url = await fixture.listen()
  })

  afterEach(async () => {
    // Not before: the page asks again and again.
    fixture.status = statusOf()
    for (const { page, faults } of watched.splice(0)) {
      expect(faults).toEqual([])
      await page.context().close()
    }
  })

  afterAll(async () => {
    await browser.close()
    await fixture.close()
  })

  async function openStatus(options: BrowserContextOptions = {}): Promise<Page> {
    const one = await open(browser, `${url}status`, options)
    watched.push(one)
    await one.page.waitForSelector('.libraries')
    return one.page
  }
  const names = (page: Page, list: string) =>
    page.$$eval(`${list} li strong`, (items) => items.map((item) => item.textContent))

  it('lists the libraries, first those that are not traced, each with why or how', async () => {
    const page = await openStatus()
    expect(await page.textContent('.libraries h2')).toContain('1 of 3 traced')
    expect(await names(page, '.libraries')).toEqual(['winston', 'postgres', 'pg'])
    expect(await page.textContent('.libraries li:has-text("winston")')).toContain('3.19.0')
    expect(await page.locator('.libraries li:has-text("postgres") code').count()).toBe(0)
  })

  it('copies the line that would trace one', async () => {
    const page = await openStatus({ permissions: ['clipboard-read', 'clipboard-write'] })
    await page.click('role=button[name="Copy the line for winston"]')
    await page.waitForSelector('role=button[name="Copied"]')
    await expect
      .poll(() => page.evaluate(() => navigator.clipboard.readText()))
      .toBe("tracing({ instrument: { winston } }) // import winston from 'winston'")
  })

  it('names no library twice: what is recorded besides stands apart', async () => {
    const page = await openStatus()
    const others = await names(page, '.card:not(.libraries) .instrumented')
    expect(others).toEqual(['express 5', 'fetch', 'http'])
  })

  it('says so when there is none', async () => {
    fixture.status = statusOf({ libraries: [] })
    const page = await openStatus()
    expect(await page.textContent('.libraries')).toContain('None that is known was found')
  })

  it('names the workers of the application, and says so when it shows one alone', async () => {
    const workers = [
      { pid: 4242, thread: 0 },
      { pid: 4243, thread: 0 },
      { pid: 4242, thread: 2 }
    ]
    fixture.status = statusOf({ workers: { role: 'keeper', workers } })
    const page = await openStatus()
    expect(await page.textContent('.about')).toContain(
      '4242, 4243, 4242 thread 2; the first keeps the traces of all'
    )
    fixture.status = statusOf({ workers: { role: 'member', workers } })
    const alone = await openStatus()
    expect(await alone.textContent('.about')).toContain('this one’s traces only')
  })

  it('tells of each destination of spans what arrived and what went wrong', async () => {
    fixture.status = statusOf({ exports: destinations })
    const page = await openStatus()
    expect(await names(page, '.exports')).toEqual([address, 'http://localhost:9411/api/v2/spans'])
    const failing = await page.textContent('.exports li.no')
    expect(failing).toContain('12 spans arrived, 3 spans waiting, 7 spans refused or given up')
    expect(failing).toContain('It fails: ECONNREFUSED')
    expect(await page.textContent('.exports li.yes')).not.toContain('trouble')
  })

  it('tells which traces were chosen to be sent, and why', async () => {
    const tailSampling = [
      { reason: 'errors', traces: 12 },
      { reason: 'not chosen', traces: 1979 },
      { reason: 'ratio', traces: 4 },
      { reason: 'rate limit', traces: 5 }
    ]
    fixture.status = statusOf({ exports: destinations, tailSampling })
    const page = await openStatus()
    expect(await page.textContent('.exports')).toContain(
      'Chosen: 16 of 2,000 traces (12 by errors, 4 by ratio); 5 more were above the rate.'
    )
  })

  it('has no such list where nothing is sent', async () => {
    const page = await openStatus()
    expect(await page.locator('.exports').count()).toBe(0)
  })

  it.each([
    { colorScheme: 'light' as const, viewport: { width: 1280, height: 760 } },
    { colorScheme: 'dark' as const, viewport: { width: 360, height: 760 } },
    { forcedColors: 'active' as const, viewport: { width: 1280, height: 760 } }
  ])('keeps the rules of accessibility and does not scroll sideways: %j', async (options) => {
    fixture.status = statusOf({ exports: destinations })
    const page = await openStatus(options)
    await page.waitForSelector('.exports')
    expect(await violations(page)).toEqual([])
    const wider = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth
    )
    expect(wider).toBeLessThanOrEqual(0)
    const inCard = await page.$eval('.exports', (card) => card.scrollWidth - card.clientWidth)
    expect(inCard).toBeLessThanOrEqual(0)
  })
})
