import { connect } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Summary, TraceList } from '../../src/wire/summary.ts'
import { buildOnce, hasBrowser, launch, open, type Watched } from '../ui/browser.ts'
import { type Program, start } from './child.ts'
import { hostile, hostileBody } from './hostile.ts'

const ingested = 'ab'.repeat(16)

describe.skipIf(!hasBrowser)('hostile text is text', () => {
  let browser: Browser
  let program: Program
  let port: number
  let base: string
  const watched: Watched[] = []

  beforeAll(async () => {
    await buildOnce()
    browser = await launch()
    program = start('hostile-app.js', { NODE_ENV: 'development' })
    program.tell({ texts: hostile })
    ;({ port } = await program.heard<{ port: number }>())
    base = `http://127.0.0.1:${port}/_traces/`
    for (const text of hostile) {
      const path = text.replace(/\p{Surrogate}/gu, '').replace(/[^!-~]|#/g, encodeURIComponent)
      const header = text.replace(/[^ -~]/g, '')
      await raw(
        `GET /fails/${path}?q=${path} HTTP/1.1\r\nX-Odd: ${header}\r\nReferer: ${header}\r\nCookie: ${header}\r\nUser-Agent: ${header}\r\nOrigin: ${header}\r\nAccept: ${header}\r\n`
      )
    }
    await raw('GET /record HTTP/1.1\r\n')
    await raw('GET /regexp<xss-data> HTTP/1.1\r\n')
    await raw('PROPFIND /<xss-data> HTTP/1.1\r\n')
    // In flight for as long as the test lasts.
    connect(port, '127.0.0.1').write(
      'GET /hangs/<xss-data> HTTP/1.1\r\nHost: localhost\r\nX-Odd: <xss-data>\r\n\r\n'
    )
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify(hostileBody(ingested))
    const answer = await fetch(`${base}v1/traces`, { method: 'POST', headers, body })
    expect(await answer.json()).toEqual({})
  })

  afterEach(async () => {
    for (const { page, faults } of watched.splice(0)) {
      expect(await made(page)).toEqual([])
      expect(faults).toEqual([])
      await page.context().close()
    }
  })

  afterAll(async () => {
    await browser?.close()
    await program?.kill()
  })

  /** Sends a request as it is written; resolves when it has been answered. */
  function raw(head: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () =>
        socket.end(`${head}Host: localhost\r\nConnection: close\r\n\r\n`, 'latin1')
      )
      socket.on('close', () => resolve())
      socket.on('error', reject)
      socket.resume()
    })
  }

  async function openPage(path: string): Promise<Page> {
    const one = await open(browser, base + path)
    watched.push(one)
    await one.page.evaluate(() => {
      addEventListener('securitypolicyviolation', (event) =>
        console.log(`Content Security Policy: ${event.violatedDirective} ${event.sample}`)
      )
    })
    return one.page
  }

  /** What in the document was made of data, not by the page. */
  function made(page: Page): Promise<string[]> {
    return page.evaluate(() => {
      const strange =
        'xss-data, [data-xss], iframe, object, embed, math, form[action], base:not(:first-of-type), meta[http-equiv]'
      const found = [...document.querySelectorAll(strange)]
      const handlers = [...document.querySelectorAll('*')].filter((one) =>
        one.getAttributeNames().some((name) => name.startsWith('on') || name.includes('xss'))
      )
      const links = [...document.querySelectorAll<HTMLAnchorElement>('body [href]')].filter(
        ({ href }) => !/^(?:https?|vscode):\/\//.test(String(href))
      )
      const polluted = 'isAdmin' in {} || Object.keys(Object.prototype).length > 0
      return [...found, ...handlers, ...links]
        .map((one) => one.outerHTML.slice(0, 120))
        .concat(polluted ? ['Object.prototype'] : [])
    })
  }

  async function traces(query: string): Promise<Summary[]> {
    const answer = await fetch(`${base}api/traces?limit=500&q=${encodeURIComponent(query)}`)
    return ((await answer.json()) as TraceList).traces
  }

  test('in the list, with requests in flight, filters and suggestions', async () => {
    const page = await openPage('')
    await page.waitForSelector('.item')
    await page.waitForSelector('.live .dot.ok')
    expect(await page.innerText('main')).toContain('<xss-data')
    for (const text of [
      hostile[0],
      hostile[2],
      '@<xss-data>:<img',
      'name:"<img src=x',
      '__proto__:x'
    ]) {
      await page.click('.filter input')
      await page.keyboard.insertText(text as string)
      await page.keyboard.press('Enter')
      await page.waitForTimeout(60)
      expect(await made(page)).toEqual([])
      await page.fill('.filter input', '')
    }
  })

  test('in addresses of the page', async () => {
    const page = await openPage('')
    for (const text of hostile.slice(0, 12)) {
      const part = encodeURIComponent(text)
      const search = ['tab', 's', 'f', 'z', 'q', 'colour']
        .map((name) => `${name}=${part}`)
        .join('&')
      await page.goto(`${base}t/${ingested}?${search}#${part}`)
      await page.waitForSelector('.trace .grid .row')
      expect(await made(page)).toEqual([])
    }
    const lost = await openPage(
      `${encodeURIComponent('<xss-data>')}?q=${encodeURIComponent(hostile[1] as string)}`
    )
    await lost.waitForSelector('main h1')
  })

  /** Walks through every span of a trace, its panel open, and through every tab. */
  async function walk(traceId: string): Promise<string> {
    const page = await openPage(`t/${traceId}`)
    await page.waitForSelector('.trace .grid .row')
    let seen = ''
    const rows = await page.locator('.trace .grid .row').count()
    await page.click('.timeline .row:not(.gap) >> nth=0')
    for (let i = 0; i < rows; i++) {
      // The last line of what is fetched for each span.
      await page.waitForSelector('.panel .note:has-text("kind ")')
      seen += await page.innerText('.panel')
      expect(await made(page)).toEqual([])
      await page.keyboard.press('ArrowDown')
      await page.waitForTimeout(25)
    }
    for (const tab of await page.locator('[role=tab]').all()) {
      await tab.click()
      await page.waitForTimeout(80)
      seen += await page.innerText('main')
      expect(await made(page)).toEqual([])
    }
    return seen
  }

  test('in every span and every tab of a trace that another service sent', async () => {
    const seen = await walk(ingested)
    for (const text of ['<xss-data', '<script', '<iframe', 'javascript:__pwn()', '__proto__'])
      expect(seen).toContain(text)
    // What turns text around or hides is shown as what it is.
    expect(seen).not.toMatch(/[\u202A-\u202E\u200B\u001b]/)
  })

  test('in every span and every tab of a trace that the application recorded', async () => {
    const [trace] = await traces('route:/record')
    const seen = await walk(trace?.traceId as string)
    for (const text of ['<xss-data', '<script', '<iframe', '__proto__'])
      expect(seen).toContain(text)
  })

  test('in requests that fail, with hostile paths, headers and errors', async () => {
    const found = await traces('route:/fails')
    expect(found.length).toBeGreaterThanOrEqual(hostile.length - 3)
    for (const { traceId } of found.slice(0, 3)) await walk(traceId)
    for (const query of ['route:regexp', 'route:/hangs'])
      for (const { traceId } of await traces(query)) await walk(traceId)
  })

  test('in the status', async () => {
    const page = await openPage('status')
    await page.waitForSelector('main h1')
    await page.waitForSelector('text=<xss-data')
  })
})
