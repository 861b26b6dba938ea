import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildOnce, hasBrowser, launch, open, violations } from './browser.ts'
import { summaryOf } from './fake.ts'
import { Fixture } from './fixture.ts'

describe.skipIf(!hasBrowser)('every screen of the shell', () => {
  let browser: Browser
  let fixture: Fixture
  let empty: Fixture

  beforeAll(async () => {
    await buildOnce()
    browser = await launch()
    fixture = new Fixture({ traces: 200 })
    fixture.inFlight = [summaryOf({ traceId: 'f'.repeat(32), inFlight: true, duration: 42_000 })]
    empty = new Fixture()
    await Promise.all([fixture.listen(), empty.listen()])
  })
  afterAll(async () => {
    await browser?.close()
    await Promise.all([fixture?.close(), empty?.close()])
  })

  const screens: [name: string, path: string, act?: (page: Page) => Promise<void>][] = [
    ['the list', ''],
    [
      'the list with a chosen row and the pill',
      '',
      async (page) => {
        await page.waitForSelector('.live .dot.ok')
        await page.keyboard.press('j')
        fixture.emit(3)
        await page.waitForSelector('.pill')
      }
    ],
    ['no match and an ignored term', '?q=sttus:500+status:418'],
    ['errors only', '?q=is:error'],
    [
      'suggestions',
      '',
      async (page) => {
        await page.click('.filter input')
        await page.keyboard.type('sta')
        await page.waitForSelector('[role=option]')
        await page.keyboard.press('ArrowDown')
      }
    ],
    ['status', 'status'],
    ['nowhere', 'nowhere'],
    ['keyboard help', '', (page) => page.keyboard.press('?')],
    ['settings', '', (page) => page.keyboard.press(',')]
  ]

  const looks = (['light', 'dark'] as const).flatMap((colorScheme) =>
    [1280, 320].map((width) => [colorScheme, width] as const)
  )
  describe.each(looks)('is accessible in %s at %i px', (colorScheme, width) => {
    test.each([...screens, ['waiting', 'empty'] as const])('%s', async (_name, path, act) => {
      const url = path === 'empty' ? empty.url : fixture.url + path
      const { page, faults } = await open(browser, url, {
        colorScheme,
        viewport: { width, height: 700 }
      })
      await page.waitForSelector('main h1')
      await page.waitForTimeout(250)
      await act?.(page)
      expect(await violations(page)).toEqual([])
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      expect(overflow).toBeLessThanOrEqual(0)
      expect(faults).toEqual([])
      await page.context().close()
    })
  })

  test('has nothing to press that is smaller than 24 px', async () => {
    const { page } = await open(browser, fixture.url, { viewport: { width: 390, height: 760 } })
    await page.waitForSelector('.item')
    const small = await page.$$eval('button, a[href], input', (all) =>
      all
        .filter((one) => !one.closest('.item') && getComputedStyle(one).position !== 'absolute')
        .map((one) => ({ text: one.outerHTML.slice(0, 80), box: one.getBoundingClientRect() }))
        .filter(({ box }) => box.width > 0 && (box.width < 24 || box.height < 24))
        .map(({ text, box }) => `${text} ${box.width}x${box.height}`)
    )
    expect(small).toEqual([])
    await page.context().close()
  })

  test('stays usable in forced colours and without motion', async () => {
    const { page, faults } = await open(browser, fixture.url, {
      forcedColors: 'active',
      reducedMotion: 'reduce'
    })
    await page.waitForSelector('.item')
    await page.keyboard.press('j')
    const outline = await page.$eval('.item.active', (row) => getComputedStyle(row).outlineStyle)
    expect(outline).not.toBe('none')
    const bar = await page.$eval(
      '.item .c-bar i',
      (mark) => getComputedStyle(mark).forcedColorAdjust
    )
    expect(bar).toBe('none')
    expect(faults).toEqual([])
    await page.context().close()
  })

  test('treats everything that a stranger can name as text', async () => {
    const hostile = new Fixture()
    const url = await hostile.listen()
    const texts = [
      '<img src=x onerror=globalThis.__pwn=1>',
      '"><script>globalThis.__pwn=1</script>',
      'javascript:globalThis.__pwn=1',
      '__proto__',
      'constructor',
      '${globalThis.__pwn=1}',
      '/a\u202Egpj.exe',
      '\u0000\u001B[31mred',
      'x'.repeat(10_000),
      ''
    ]
    for (const [i, text] of texts.entries()) {
      hostile.emit(1, {
        traceId: String(i).padStart(32, '0'),
        name: text,
        route: text,
        method: text,
        service: text,
        services: [text, `${text}2`],
        noise: '',
        duration: [Number.NaN, -5, 1e12][i % 3]
      })
    }
    hostile.fly(hostile.store.map((row) => ({ ...row, inFlight: true })))
    hostile.status = {
      ...hostile.status,
      service: texts[0],
      why: texts[1],
      drops: texts.map((reason, i) => ({ reason, count: i })),
      instrumented: texts.map((name) => ({ name, on: false, how: name }))
    }
    for (const path of [
      '',
      'status',
      `?q=${encodeURIComponent(texts[0])}`,
      `?q=${encodeURIComponent('a'.repeat(3_000))}`,
      encodeURIComponent(texts[0])
    ]) {
      const { page, faults } = await open(browser, url + path)
      await page.waitForSelector('main h1')
      await page.waitForTimeout(400)
      expect(await page.evaluate(() => '__pwn' in globalThis)).toBe(false)
      expect(
        await page.evaluate(
          () => document.querySelectorAll('main img, main script, main iframe').length
        )
      ).toBe(0)
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(
        true
      )
      expect(faults).toEqual([])
      if (path === '') {
        expect(await page.locator('.item').count()).toBe(texts.length)
        expect(await page.textContent('.traces-grid')).toContain('/a\\u202egpj.exe')
      }
      await page.context().close()
    }
    await hostile.close()
  })

  test('paints its frame before any script has run', async () => {
    const { page } = await open(browser, fixture.url, { javaScriptEnabled: false })
    expect(await page.textContent('header')).toContain('Spanlight')
    expect(await page.textContent('noscript')).toContain('switched off')
    await page.context().close()
  })

  test('stays on its own while another trace screen is opened by address', async () => {
    const { page, faults } = await open(browser, `${fixture.url}t/${fixture.store[0].traceId}`)
    await page.waitForSelector('main h1')
    expect(await page.textContent('main h1')).toContain(fixture.store[0].name)
    expect(faults).toEqual([])
    await page.context().close()
  })
})
