import { readFile } from 'node:fs/promises'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { buildOnce, hasBrowser, launch, open, rowIds, violations, type Watched } from './browser.ts'
import { Fixture } from './fixture.ts'
import { useRealPages } from './real-pages.ts'

const selected = (page: Page): Promise<string[]> =>
  page.$$eval('.traces-grid .item[aria-selected=true]', (rows) =>
    rows
      .sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)
      .map((row) => (row as HTMLElement).dataset['trace'] ?? '')
  )
const says = (page: Page): Promise<string | null> => page.textContent('.selection [role=status]')
const bar = '.selection [role=status]'
/** At the left edge of its row, where the box is while rows are chosen. */
const tick = (page: Page, id: string): Promise<void> =>
  page.click(`[data-trace="${id}"]`, { position: { x: 18, y: 14 } })
const shiftClick = (page: Page, id: string): Promise<void> =>
  page.click(`[data-trace="${id}"] .c-route a`, { modifiers: ['Shift'] })
async function startByMenu(page: Page): Promise<void> {
  await page.click('.chips .menu-place button')
  await page.click('[role=menuitem]:has-text("Choose traces")')
  await page.waitForSelector(bar)
}

describe.skipIf(!hasBrowser)('traces that are selected by hand', () => {
  let browser: Browser
  let fixture: Fixture
  let watched: Watched

  beforeAll(async () => {
    await buildOnce()
    browser = await launch()
  })
  beforeEach(async () => {
    fixture = new Fixture({ traces: 120 })
    await fixture.listen()
  })
  afterEach(async () => {
    await watched.page.context().close()
    await fixture.close()
    expect(watched.faults).toEqual([])
  })
  afterAll(() => browser?.close())

  async function start(options = {}, path = ''): Promise<Page> {
    watched = await open(browser, fixture.url + path, options)
    await watched.page.waitForSelector('.item')
    await watched.page.waitForSelector('.live .dot.ok')
    return watched.page
  }

  it('are ticked with Space, one by one, and unticked', async () => {
    const page = await start()
    expect(await page.getAttribute('.traces-grid', 'aria-multiselectable')).toBe('true')
    expect(await selected(page)).toEqual([])
    await page.keyboard.press('j')
    const [first, , third] = await rowIds(page)
    await page.keyboard.press('Space')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Space')
    await expect.poll(() => selected(page)).toEqual([first, third])
    await page.waitForSelector(`${bar}:has-text("2 selected")`)
    expect(new URL(page.url()).pathname).toBe(`${fixture.mount}/`)
    await page.keyboard.press('Space')
    await expect.poll(() => selected(page)).toEqual([first])
  })

  it('are all that Shift and the arrows go over, and fewer when they go back', async () => {
    const page = await start()
    await page.keyboard.press('j')
    const ids = await rowIds(page)
    for (let i = 0; i < 3; i++) await page.keyboard.press('Shift+ArrowDown')
    await expect.poll(() => selected(page)).toEqual(ids.slice(0, 4))
    await page.keyboard.press('Shift+ArrowUp')
    await expect.poll(() => selected(page)).toEqual(ids.slice(0, 3))
    // Another range begins where the cursor is, and adds to the first.
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Shift+ArrowDown')
    await expect.poll(() => selected(page)).toEqual([...ids.slice(0, 3), ...ids.slice(5, 7)])
  })

  it('are ticked by mouse once the menu has shown where, and a click elsewhere opens as ever', async () => {
    const page = await start()
    const [first = '', second = '', , , fifth = ''] = await rowIds(page)
    await startByMenu(page)
    expect(await says(page)).toContain('Tick traces')
    await tick(page, first)
    await shiftClick(page, fifth)
    expect((await selected(page)).length).toBe(5)
    await tick(page, second)
    expect((await selected(page)).length).toBe(4)
    expect(page.context().pages()).toHaveLength(1)
    expect(await page.evaluate(() => getSelection()?.isCollapsed)).toBe(true)
    await page.click(`[data-trace="${first}"] .c-dur`)
    await page.waitForSelector('.trace')
    await page.goBack()
    await page.waitForSelector('.item')
    expect((await selected(page)).length).toBe(4)
  })

  it('begin with Shift and a click, without the menu, and no window opens', async () => {
    const page = await start()
    const ids = await rowIds(page)
    await shiftClick(page, ids[2] ?? '')
    await shiftClick(page, ids[4] ?? '')
    expect(await selected(page)).toEqual(ids.slice(2, 5))
    expect(page.context().pages()).toHaveLength(1)
  })

  it('stay selected while others stream in, are filtered away or scroll out of sight', async () => {
    const page = await start()
    await page.keyboard.press('j')
    await page.keyboard.press('Shift+ArrowDown')
    const chosen = await selected(page)
    fixture.run(200)
    await page.waitForSelector('.pill')
    await page.keyboard.press('.')
    await page.waitForTimeout(300)
    fixture.run(0)
    await page.fill('.filter input', 'route:/nowhere')
    await page.waitForSelector(`${bar}:has-text("2 selected, 2 not in this list")`)
    await page.fill('.filter input', '')
    await page.waitForSelector(`${bar}:text-is("2 selected")`)
    await page.locator('.traces-grid').evaluate((grid) => grid.scrollTo(0, 0))
    for (const id of chosen) {
      await page.waitForFunction((wanted) => {
        const grid = document.querySelector('.traces-grid') as HTMLElement
        if (document.querySelector(`[data-trace="${wanted}"][aria-selected=true]`)) return true
        grid.scrollTop += 400
        return false
      }, id)
    }
  })

  it('are shown alone, and then make a link', async () => {
    const page = await start()
    await page.keyboard.press('j')
    await page.keyboard.press('Shift+ArrowDown')
    const chosen = await selected(page)
    await page.click('.selection button:has-text("Show only")')
    await page.waitForFunction(() => document.querySelectorAll('.item').length === 2)
    await expect.poll(() => selected(page)).toEqual(chosen)
    const address = decodeURIComponent(page.url())
    expect(chosen.every((id) => address.includes(id.slice(0, 12)))).toBe(true)
  })

  it('are given up with Escape or the cross, and the focus stays in the rows', async () => {
    const page = await start()
    await page.keyboard.press('j')
    await page.keyboard.press('Space')
    await page.waitForSelector(bar)
    await page.keyboard.press('Escape')
    await page.waitForSelector(bar, { state: 'detached' })
    const inRows = () => page.evaluate(() => document.activeElement?.className ?? '')
    expect(await inRows()).toContain('traces-grid')
    expect(await selected(page)).toEqual([])
    await page.keyboard.press('Space')
    await page.focus('.selection [aria-label="Clear the selection"]')
    await page.keyboard.press('Enter')
    await page.waitForSelector(bar, { state: 'detached' })
    await expect.poll(() => inRows()).toContain('traces-grid')
    await page.keyboard.press('Escape')
    await expect.poll(() => inRows()).not.toContain('traces-grid')
  })

  it('are given up when the process that has them is gone', async () => {
    const page = await start()
    await page.keyboard.press('j')
    await page.keyboard.press('Space')
    await page.waitForSelector(bar)
    fixture.restart()
    await page.waitForSelector('.banner:has-text("restarted")')
    await page.waitForSelector(bar, { state: 'detached' })
    // What the process before knew cannot be read any more.
    await page.keyboard.press('Space')
    await expect.poll(() => selected(page)).toEqual([])
  })

  it('have the last row above the bar, for the keys and for scrolling', async () => {
    const page = await start()
    await page.keyboard.press('j')
    await page.keyboard.press('Space')
    await page.waitForSelector(bar)
    await page.keyboard.press('End')
    await page.waitForFunction(() => {
      const [row, over] = ['.item.active', '.selection'].map((one) => document.querySelector(one))
      if (!row || !over) return false
      return row.getBoundingClientRect().bottom <= over.getBoundingClientRect().top
    })
  })

  it('are in the list of keys', async () => {
    const page = await start()
    await page.keyboard.press('?')
    const keys = (await page.textContent('.key-groups')) ?? ''
    expect(keys).toContain('Spaceselect it')
    expect(keys).toContain('Shift↓↑select all on the way')
  })

  it.each([
    { colorScheme: 'light' as const, viewport: { width: 1280, height: 760 } },
    { colorScheme: 'dark' as const, viewport: { width: 360, height: 740 } }
  ])('keep the rules of accessibility and fit: %j', async (options) => {
    const page = await start(options)
    await page.keyboard.press('j')
    await page.keyboard.press('Shift+ArrowDown')
    await page.waitForSelector(bar)
    expect(await violations(page)).toEqual([])
    const box = await page.locator('.selection').boundingBox()
    expect(box!.x >= 0 && box!.x + box!.width <= options.viewport.width).toBe(true)
    await page.click('.selection .menu-place button')
    const menu = await page.locator('.selection [role=menu]').boundingBox()
    expect(menu!.y >= 0 && menu!.x >= 0 && menu!.x + menu!.width <= options.viewport.width).toBe(
      true
    )
  })

  it('are told from others in forced colours', async () => {
    const page = await start({ forcedColors: 'active' })
    await page.keyboard.press('j')
    await page.keyboard.press('Space')
    const mark = (row: string) =>
      page.$eval(row, (one) => getComputedStyle(one, '::after').borderRightStyle)
    await page.waitForSelector(bar)
    expect(await mark('.item[aria-selected=true]')).toBe('solid')
    expect(await mark('.item[aria-selected=false]')).toBe('none')
  })
})

describe.skipIf(!hasBrowser)('what is selected by hand', () => {
  const real = useRealPages()

  it('is what a file has, and nothing else', async () => {
    const all = []
    for (const path of ['/ok/1', '/fails', '/ok/2', '/loop']) all.push(await real.app.visit(path))
    const page = await real.openList()
    await page.waitForSelector(`[data-trace="${all[3]?.traceId}"]`)
    await shiftClick(page, all[1]?.traceId ?? '')
    await tick(page, all[3]?.traceId ?? '')
    await page.waitForSelector(`${bar}:has-text("2 selected")`)
    await page.click('.selection .menu-place button')
    await page.waitForSelector('[aria-label="Save 2 selected traces as"]')
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.click('[role=menuitem]:has-text("OTLP")')
    ])
    const text = await readFile(await download.path(), 'utf8')
    expect(all.map(({ traceId }) => text.includes(traceId))).toEqual([false, true, false, true])
    expect(await selected(page)).toHaveLength(2)
  })
})
