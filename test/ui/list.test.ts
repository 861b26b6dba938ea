import { isDeepStrictEqual } from 'node:util'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../until.ts'
import { buildOnce, hasBrowser, launch, open, rowIds, type Watched } from './browser.ts'
import { summaryOf } from './fake.ts'
import { Fixture, type FixtureOptions } from './fixture.ts'

describe.skipIf(!hasBrowser)('the live list in a browser', () => {
  let browser: Browser
  let fixture: Fixture
  let watched: Watched

  beforeAll(async () => {
    await buildOnce()
    browser = await launch()
  })
  afterAll(() => browser?.close())
  afterEach(async () => {
    const faults = watched.faults
    await watched.page.context().close()
    await fixture.close()
    expect(faults).toEqual([])
  })

  async function start(options: FixtureOptions = {}, path = '', first = '.item'): Promise<Page> {
    fixture = new Fixture({ traces: 300, ...options })
    const url = await fixture.listen()
    watched = await open(browser, url + path)
    const { page } = watched
    await page.waitForSelector(first)
    return page
  }

  const connected = (page: Page): Promise<unknown> => page.waitForSelector('.live .dot.ok')
  const pill = (page: Page): Promise<string | null> =>
    page.textContent('.pill').then((text) => text?.trim() ?? null)
  const top = async (page: Page): Promise<string> => (await rowIds(page))[0] ?? ''
  const toolsOf = (page: Page): Promise<void> => page.mouse.move(300, 20)

  test('shows a request within a moment of its end, newest first', async () => {
    const page = await start()
    await connected(page)
    await toolsOf(page)
    const [row] = fixture.emit(1, { route: '/just/now' })
    await page.waitForSelector('text="/just/now"')
    expect(await top(page)).toBe(row.traceId)
  })

  test('keeps the row under the pointer at 200 traces a second, and counts the others', async () => {
    const page = await start()
    await connected(page)
    await page.mouse.move(400, 420)
    const under = (): Promise<string | null> =>
      page.evaluate(
        () =>
          document
            .elementFromPoint(400, 420)
            ?.closest('[data-trace]')
            ?.getAttribute('data-trace') ?? null
      )
    const before = await under()
    fixture.run(200)
    await expect.poll(() => pill(page)).toMatch(/^[\d,]{3,} new traces$/)
    expect(await under()).toBe(before)
    expect(before).not.toBe(null)

    fixture.run(0)
    await toolsOf(page)
    await page.waitForFunction(() => !document.querySelector('.pill'))
    expect(await top(page)).not.toBe(before)
    expect(await page.locator('*').count()).toBeLessThan(1_000)
  })

  test('leaves a reader who scrolled where they are, and the pill leads back to the top', async () => {
    const page = await start()
    await connected(page)
    await page.locator('.traces-grid').evaluate((grid) => grid.scrollTo(0, 1_400))
    await toolsOf(page)
    const seen = (): Promise<(string | null)[]> =>
      page.$$eval('.traces-grid .item', (rows) =>
        rows
          .filter((row) => row.getBoundingClientRect().top > 300)
          .map(
            (row) => `${(row as HTMLElement).dataset['trace']}@${row.getBoundingClientRect().top}`
          )
          .sort()
      )
    let before: (string | null)[] = []
    // The rows of the new place are drawn with the next frames.
    await until(async () => {
      const last = before
      before = await seen()
      await page.waitForTimeout(100)
      return before.length > 5 && isDeepStrictEqual(before, last)
    })
    fixture.emit(40)
    await page.waitForSelector('.pill')
    expect(await seen()).toEqual(before)

    await page.click('.pill')
    await page.waitForFunction(() => document.querySelector('.traces-grid')?.scrollTop === 0)
    await expect
      .poll(() => top(page))
      .toBe(fixture.store.findLast((row) => row.noise === '' || row.status === 'error')?.traceId)
  })

  test('pauses until it is told to go on', async () => {
    const page = await start()
    await connected(page)
    await toolsOf(page)
    const before = await top(page)
    await page.keyboard.press('p')
    fixture.emit(30)
    await page.waitForSelector('.pill')
    expect(await page.textContent('.live')).toMatch(/Paused at \d\d:\d\d:\d\d/)
    expect(await top(page)).toBe(before)
    await page.click('.pause')
    await page.waitForFunction(() => !document.querySelector('.pill'))
    await expect.poll(() => top(page)).not.toBe(before)
  })

  test('changes the cells of a trace that grew, and nothing else', async () => {
    const page = await start()
    await connected(page)
    const ids = await rowIds(page)
    fixture.change(ids[3], { spans: 999, errors: 7 })
    await page.waitForSelector(`[data-trace="${ids[3]}"] >> text=999`)
    expect((await rowIds(page)).slice(0, 10)).toEqual(ids.slice(0, 10))
    expect(await page.getAttribute(`[data-trace="${ids[3]}"]`, 'class')).toContain('failed')
  })

  test('has the filter in the address, through typing, chips, reload and back', async () => {
    const page = await start()
    await connected(page)
    await page.keyboard.press('/')
    fixture.run(100)
    await page.keyboard.type('status:5xx route:/api', { delay: 25 })
    await expect.poll(() => page.inputValue('.filter input')).toBe('status:5xx route:/api')
    await page.waitForURL(/q=status%3A5xx\+route%3A%2Fapi/)
    fixture.run(0)
    await page.waitForSelector('.item .c-status.s5')
    const codes = await page.$$eval('.item .c-status', (cells) =>
      cells.map((cell) => cell.textContent?.[0])
    )
    expect(new Set(codes)).toEqual(new Set(['5']))

    await page.keyboard.press('Escape')
    await page.click('.chips >> text=Errors')
    await page.waitForURL(/is%3Aerror/)
    await expect.poll(() => page.getAttribute('.chips >> text=Errors', 'aria-pressed')).toBe('true')
    await page.reload()
    await expect.poll(() => page.inputValue('.filter input')).toBe('status:5xx route:/api is:error')
    await page.goBack()
    await page.waitForFunction(
      () =>
        document.querySelector<HTMLInputElement>('.filter input')?.value === 'status:5xx route:/api'
    )
  })

  test('names the terms that it ignores, and where nothing matches what each finds', async () => {
    const page = await start({}, '?q=sttus:500+status:418+method:GET', '.empty')
    await page.waitForSelector('text=No trace matches')
    expect(await page.textContent('.ignored')).toBe('Ignored: unknown key "sttus"')
    expect(await page.textContent('.term-hits')).toMatch(/status:418 alone: 0/)
    await page.click('text=Clear the filter')
    await page.waitForSelector('.item')
    expect(new URL(page.url()).search).toBe('')
  })

  test('asks the process for what only spans can tell, on both ways', async () => {
    const page = await start()
    await connected(page)
    await page.fill('.filter input', '@db.system.name:postgresql')
    await page.keyboard.press('Enter')
    await page.waitForFunction(() =>
      document.querySelector('.facts-line')?.textContent?.includes('matches in')
    )
    await expect.poll(() => fixture.asked).toContain('filter @db.system.name:postgresql')
    expect(
      fixture.asked.some((line) => line.includes('/api/traces?q=%40db.system.name%3Apostgresql'))
    ).toBe(true)
  })

  test('begins with the filter of a link, and hears what comes under it', async () => {
    const page = await start({}, '?q=%40db.system.name%3Apostgresql')
    await connected(page)
    await toolsOf(page)
    await expect.poll(() => fixture.asked).toContain('filter @db.system.name:postgresql')
    expect(fixture.asked.filter((line) => line.includes('/api/traces?limit'))).toEqual([])
    fixture.emit(1, { route: '/under/filter', noise: '' })
    await page.waitForSelector('text="/under/filter"')
  })

  test('connects although the filter changed before the first list had come', async () => {
    const page = await start()
    await page.reload({ waitUntil: 'commit' })
    await page.waitForSelector('.filter input')
    await page.click('.chips >> text=Errors')
    await page.fill('.filter input', '@a:b')
    await page.keyboard.press('Enter')
    await connected(page)
  })

  test('offers values that it has seen and takes one by the keyboard', async () => {
    const page = await start()
    await page.click('.filter input')
    await page.keyboard.type('method:D')
    await page.waitForSelector('[role=option] >> text=method:DELETE')
    await page.keyboard.press('ArrowDown')
    await expect
      .poll(() => page.getAttribute('.filter input', 'aria-activedescendant'))
      .toBe('suggestion0')
    await page.keyboard.press('Enter')
    await expect.poll(() => page.inputValue('.filter input')).toBe('method:DELETE ')
    await page.waitForURL(/method%3ADELETE/)
  })

  test('folds noise into a counted chip and unfolds it', async () => {
    const page = await start()
    const noisy = fixture.store.filter((row) => row.noise !== '').length
    const chip = page.locator('.facts-line .chip')
    await expect.poll(() => chip.textContent()).toContain(`${noisy} hidden`)
    await chip.click()
    await page.waitForSelector('.item.noise')
    await chip.click()
    await page.waitForFunction(() => !document.querySelector('.item.noise'))
  })

  test('shows requests in flight, the hung one in words, and only them on demand', async () => {
    const page = await start()
    await connected(page)
    fixture.fly([
      summaryOf({
        traceId: 'f'.repeat(32),
        route: '/reports/:id',
        inFlight: true,
        duration: 42_000
      }),
      summaryOf({ traceId: 'e'.repeat(32), route: '/export', inFlight: true, duration: 300 })
    ])
    await page.waitForSelector('.flight li.long')
    // It counts on while it is looked at.
    expect(await page.textContent('.flight li.long')).toMatch(/\/reports\/:id (?:4[2-9]|[5-9]\d) s/)
    await page.click('.chips >> text=In flight')
    await page.waitForFunction(() => document.querySelectorAll('.traces-grid .item').length === 2)
    await expect.poll(() => rowIds(page)).toEqual(['f'.repeat(32), 'e'.repeat(32)])
  })

  test('changes what is in flight no more often than the rows, and misses nothing', async () => {
    const page = await start()
    await connected(page)
    const figure = '.flight .figure'
    await page.evaluate((selector) => {
      const target = document.querySelector(selector)?.parentElement
      const changes = { count: 0 }
      Object.assign(globalThis, { changes })
      const options = { characterData: true, childList: true, subtree: true }
      if (target) new MutationObserver(() => changes.count++).observe(target, options)
    }, figure)
    const one = summaryOf({ traceId: 'f'.repeat(32), route: '/export', inFlight: true })
    const began = performance.now()
    for (let total = 1; total <= 25; total++) {
      fixture.fly([one], total)
      await page.waitForTimeout(40)
    }
    await page.waitForFunction(
      (selector) => document.querySelector(selector)?.textContent === '25',
      figure
    )
    const changes = await page.evaluate(
      () => (globalThis as unknown as { changes: { count: number } }).changes.count
    )
    expect(changes).toBeGreaterThan(0)
    // Two a second, and the first at once.
    expect(changes).toBeLessThanOrEqual(2 + ((performance.now() - began) / 1000) * 2)
  })

  test('is walked by keyboard alone: list, trace and back to the same row', async () => {
    const page = await start()
    await connected(page)
    await page.keyboard.press('j')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('j')
    await page.keyboard.press('k')
    const ids = await rowIds(page)
    const active = (): Promise<string | null | undefined> =>
      page.evaluate(() => {
        const id = document.activeElement?.getAttribute('aria-activedescendant')
        return id && document.getElementById(id)?.dataset['trace']
      })
    await expect.poll(active).toBe(ids[1])
    await page.keyboard.press('End')
    await expect.poll(active).toBe(fixture.store.find((row) => row.noise === '')?.traceId)
    await page.keyboard.press('Home')
    await expect.poll(active).toBe(ids[0])
    await page.keyboard.press('PageDown')
    let chosen: string | null | undefined
    await until(async () => (chosen = await active()) && chosen !== ids[0])
    fixture.emit(5)
    await page.keyboard.press('Enter')
    await page.waitForURL(new RegExp(`/t/${chosen}`))
    await page.waitForSelector('main h1')
    await page.goBack()
    await page.waitForSelector(`[data-trace="${chosen}"].active`)
    await expect.poll(active).toBe(chosen)
  })

  test('lists its keys, and goes without them when they are switched off', async () => {
    const page = await start()
    await page.keyboard.press('?')
    await page.waitForSelector('dialog[open] >> text=pause, go on')
    await page.keyboard.press('Escape')
    await page.waitForFunction(() => !document.querySelector('dialog[open]'))
    await page.keyboard.press(',')
    await page.check('dialog input[value=off]')
    await page.check('dialog input[value=dark]')
    await page.keyboard.press('Escape')
    await page.keyboard.press('p')
    await expect.poll(() => page.getAttribute('.pause', 'aria-pressed')).toBe('false')
    await page.reload()
    await expect.poll(() => page.getAttribute('html', 'data-theme')).toBe('dark')
  })

  test('loads older traces at the end of the scroll', async () => {
    const page = await start({ traces: 6_000 })
    await page.waitForFunction(() =>
      /of 5,\d+ loaded, 6,000 in memory/.test(
        document.querySelector('.facts-line')?.textContent ?? ''
      )
    )
    await page.locator('.traces-grid').evaluate((grid) => grid.scrollTo(0, grid.scrollHeight))
    await page.waitForFunction(() =>
      /of [56],[5-9]\d\d |of 6,000/.test(document.querySelector('.facts-line')?.textContent ?? '')
    )
  })

  test('comes back after the connection is cut, with what was missed', async () => {
    const page = await start()
    await connected(page)
    await toolsOf(page)
    fixture.drop()
    fixture.emit(1, { route: '/missed' })
    await page.waitForSelector('text="/missed"')
    await connected(page)
  })

  test('says when the process is away, and tries again on demand', async () => {
    const page = await start()
    await connected(page)
    fixture.refused = true
    fixture.drop()
    await page.waitForSelector('.banner >> text=does not answer')
    expect(await page.textContent('.live')).toMatch(/Offline|Connecting/)
    // Taken before: the page tries by itself, too, and the banner may be gone by the time that a click has waited for it to stand still.
    const button = await page.waitForSelector('.banner button')
    fixture.refused = false
    await button.evaluate((element) => (element as HTMLElement).click())
    await connected(page)
    await page.waitForFunction(() => !document.querySelector('.banner'))
  })

  test('says that the process was restarted, and keeps the old rows dimmed', async () => {
    const page = await start()
    await connected(page)
    await toolsOf(page)
    fixture.restart()
    await page.waitForSelector('.banner >> text=restarted')
    const [row] = fixture.emit(1, { route: '/new/process' })
    await page.waitForSelector('text="/new/process"')
    expect(await top(page)).toBe(row.traceId)
    expect(await page.locator('.item.past').count()).toBeGreaterThan(5)
    await expect.poll(() => page.textContent('.facts-line')).toContain('1 in memory')
  })

  test('takes rows that are evicted while the reader holds the list out later', async () => {
    const page = await start({ traces: 20 })
    await connected(page)
    await page.mouse.move(400, 420)
    const before = await rowIds(page)
    fixture.evict(15)
    await page.waitForSelector('.item.past')
    expect(await rowIds(page)).toEqual(before)
    await toolsOf(page)
    await page.waitForFunction(
      (many) => document.querySelectorAll('.traces-grid .item').length < many,
      before.length
    )
  })

  test('tells what a slow connection lost, and fetches it on demand', async () => {
    const page = await start()
    await connected(page)
    await toolsOf(page)
    const newest = fixture.store.at(-1)?.seq
    fixture.store.push(summaryOf({ traceId: 'a'.repeat(32), seq: 1_000, route: '/skipped' }))
    fixture.tell({ type: 'gap', count: 1 })
    await page.waitForSelector('.banner >> text=1 trace not shown')
    await page.click('.banner >> text=Show them')
    await page.waitForSelector('text="/skipped"')
    expect(fixture.asked).toContain(`since ${newest}`)
    await page.waitForFunction(() => !document.querySelector('.banner'))
  })

  test('waits for the first request with the exact command, and shows it when it comes', async () => {
    const page = await start({ traces: 0, mount: '/a/b/_traces' }, '', '.empty')
    await page.waitForSelector('text=Waiting for the first request')
    expect(await page.textContent('.copy-line code')).toBe(`curl -i ${fixture.origin}/a/b/`)
    await page.click('text=Send a test request')
    await page.waitForSelector('text=answered 200')
    expect(fixture.asked).toContain('GET /a/b/')
    fixture.emit(1, { route: '/first', noise: '' })
    await page.waitForSelector('.item >> text="/first"')
  })

  test('goes over to an event stream where no socket passes', async () => {
    const page = await start({ noSocket: true })
    await page.waitForSelector('.live .dot.ok')
    await toolsOf(page)
    fixture.emit(1, { route: '/by/stream', noise: '' })
    await page.waitForSelector('text="/by/stream"')
  })

  test('moves the token from the address to the tab, and sends it', async () => {
    const token = 'x'.repeat(43)
    const page = await start({ token }, `#t=${token}`)
    await page.waitForSelector('.item')
    expect(page.url()).toBe(fixture.url)
    await page.reload()
    await page.waitForSelector('.item')
  })

  test('says what is missing when it has no token', async () => {
    const page = await start({ token: 'x'.repeat(43), noSocket: true }, '', '.empty')
    await page.waitForSelector('.empty >> text=A token is needed')
    expect(await page.textContent('.empty')).toContain('Open the address that the process printed')
  })

  test('catches up in one step when a hidden tab is looked at again', async () => {
    const page = await start()
    await connected(page)
    await toolsOf(page)
    await page.evaluate(() => {
      Object.defineProperty(document, 'hidden', { value: true, configurable: true })
      document.dispatchEvent(new Event('visibilitychange'))
    })
    for (let i = 0; i < 20; i++) fixture.emit(600)
    await page.waitForFunction(() =>
      /of 10,000 /.test(document.querySelector('.facts-line')?.textContent ?? '')
    )
    expect(await page.locator('*').count()).toBeLessThan(1_000)
  })

  test('adds the drawn band of the chart to the filter', async () => {
    const page = await start()
    await page.waitForSelector('.u-over')
    const box = await page.locator('.u-over').boundingBox()
    if (!box) throw new Error('no chart')
    await page.mouse.move(box.x + 300, box.y + 10)
    await page.mouse.down()
    await page.mouse.move(box.x + 420, box.y + 40, { steps: 4 })
    await page.mouse.up()
    await page.waitForURL(/q=dur%3A[\d.]+m?s\.\.[\d.]+m?s/)
  })
})
