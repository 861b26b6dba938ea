import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { buildOnce, launch, open, type Watched } from './browser.ts'
import { type RealApp, startRealApp } from './real-app.ts'

export interface RealPages {
  /** The application of these tests; a test may put another one in its place. */
  app: RealApp
  /** Opens an address; what must not happen there fails the test when it ends. */
  openPage: (url: string, options?: BrowserContextOptions) => Promise<Watched>
  /** Opens the list and waits until it is live. */
  openList: (search?: string) => Promise<Page>
  /** Opens a trace and waits for its rows. */
  openTrace: (traceId: string, search?: string, options?: BrowserContextOptions) => Promise<Page>
}

/** A real application, with variables of its own, and a browser for the tests of one `describe`. */
export function useRealPages(variables: Record<string, string> = {}): RealPages {
  let browser: Browser | undefined
  const watched: Watched[] = []

  const pages: RealPages = {
    app: undefined as unknown as RealApp,
    async openPage(url, options) {
      const one = await open(browser as Browser, url, options)
      watched.push(one)
      return one
    },
    async openList(search = '') {
      const { page } = await pages.openPage(pages.app.page + search)
      await page.waitForSelector('.live .dot.ok')
      return page
    },
    async openTrace(traceId, search = '', options = {}) {
      const { page } = await pages.openPage(`${pages.app.page}t/${traceId}${search}`, options)
      await page.waitForSelector('.trace .grid .row')
      return page
    }
  }

  beforeAll(async () => {
    await buildOnce()
    ;[pages.app, browser] = await Promise.all([startRealApp(variables), launch()])
  })

  afterEach(async () => {
    for (const { page, faults } of watched.splice(0)) {
      expect(faults).toEqual([])
      await page.context().close()
    }
  })

  afterAll(async () => {
    await browser?.close()
    await pages.app?.close()
  })

  return pages
}
