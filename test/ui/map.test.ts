import fc from 'fast-check'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ServiceMap } from '../../src/wire/status.ts'
import { busiest } from '../../ui/map/busiest.ts'
import { arrange, edgeKey, mannerOf, shapeOf } from '../../ui/map/layout.ts'
import { curve, isFailing, linesOf } from '../../ui/map/lines.ts'
import { buildOnce, hasBrowser, launch, open, violations, type Watched } from './browser.ts'
import { mapOf } from './fake.ts'
import { Fixture } from './fixture.ts'

const drawn = { traces: 1, complete: true, from: 0, to: 0 }
const figures = { calls: 1, failed: 0, p50: 1, p95: 1 }

/** Services `0` to `n`, and who calls whom. */
function mapFrom(count: number, calls: readonly (readonly [number, number])[]): ServiceMap {
  return {
    nodes: Array.from({ length: count }, (_, i) => ({
      name: `s${i}`,
      kind: 'service',
      spans: 1,
      errors: 0,
      ...figures
    })),
    edges: calls.map(([from, to]) => ({ from: `s${from}`, to: `s${to}`, errors: 0, ...figures })),
    drawn
  }
}

describe('of a map that is too large', () => {
  it('the busiest are drawn, and only calls among them', () => {
    const count = 1000
    const chain = Array.from({ length: count - 1 }, (_, i) => [i, i + 1] as const)
    const map = mapFrom(count, chain)
    const nodes = map.nodes.map((node, i) => ({ ...node, calls: i }))
    const shown = busiest({ ...map, nodes })
    expect(shown.nodes.map(({ calls }) => calls)).toEqual(
      Array.from({ length: 200 }, (_, i) => count - 1 - i)
    )
    expect(shown.edges).toHaveLength(199)
    expect(arrange(shown, mannerOf(shown, 1280)).nodes.size).toBe(200)
  })

  it('nothing is left out of one that is not', () => {
    const map = mapFrom(3, [[0, 1]])
    expect(busiest(map)).toBe(map)
  })
})

const plain = { upright: false, dense: false }
const manners = fc.record({ upright: fc.boolean(), dense: fc.boolean() })

describe('the layout of the map', () => {
  const maps = fc.integer({ min: 1, max: 12 }).chain((count) =>
    fc
      .uniqueArray(fc.tuple(fc.nat(count - 1), fc.nat(count - 1)), {
        selector: String,
        maxLength: 24
      })
      .map((calls) =>
        mapFrom(
          count,
          calls.filter(([from, to]) => from !== to)
        )
      )
  )

  it('puts no box over another, every line where it belongs, whatever the calls', () => {
    fc.assert(
      fc.property(maps, manners, (map, manner) => {
        const layout = arrange(map, manner)
        const { nodes, edges, width, height, node } = layout
        const places = [...nodes.values()]
        for (const [i, a] of places.entries()) {
          expect(
            a.x >= 0 && a.y >= 0 && a.x + node.width <= width && a.y + node.height <= height
          ).toBe(true)
          for (const b of places.slice(i + 1))
            expect(Math.abs(a.x - b.x) >= node.width || Math.abs(a.y - b.y) >= node.height).toBe(
              true
            )
        }
        expect([...edges.keys()].sort()).toEqual(map.edges.map(edgeKey).sort())
        const lines = linesOf(map.edges, layout)
        expect([...lines.keys()].sort()).toEqual([...edges.keys()].sort())
        for (const { path } of lines.values()) expect(path).toMatch(/^M[\d. -]+(?: C[\d. -]+)+$/)
      }),
      { numRuns: 60 }
    )
  })

  it('is the same for the same services and calls, in whatever order and with whatever figures', () => {
    const map = mapOf()
    const other: ServiceMap = {
      ...map,
      nodes: map.nodes.map((node) => ({ ...node, calls: 7 })).reverse(),
      edges: map.edges.toReversed()
    }
    expect(arrange(other, plain)).toEqual(arrange(map, plain))
    expect(shapeOf(other)).toBe(shapeOf(map))
  })

  it('has callers to the left of what they call', () => {
    const { nodes } = arrange(
      mapFrom(3, [
        [0, 1],
        [1, 2]
      ]),
      plain
    )
    const [a, b, c] = ['s0', 's1', 's2'].map((name) => nodes.get(name)?.x ?? 0) as [
      number,
      number,
      number
    ]
    expect(a < b && b < c).toBe(true)
  })
})

describe('the lines of the map', () => {
  const numbers = (path = ''): number[] => (path.match(/-?[\d.]+/g) ?? []).map(Number)
  const chain = mapFrom(3, [
    [0, 1],
    [1, 2],
    [2, 0]
  ])

  it.each([false, true])(
    'lead from one side of a box to the other one of the next, back where they return: upright %s',
    (upright) => {
      const layout = arrange(chain, { upright, dense: true })
      const lines = linesOf(chain.edges, layout)
      const along = upright ? 'y' : 'x'
      const size = upright ? layout.node.height : layout.node.width
      const at = (name: string): number => layout.nodes.get(name)?.[along] ?? 0
      for (const edge of chain.edges) {
        const line = lines.get(edgeKey(edge))
        const all = numbers(line?.path)
        const [begin, end] = [all.slice(0, 2), all.slice(-2)].map((one) => one[upright ? 1 : 0])
        expect(line?.back).toBe(edge.to === 's0')
        expect(begin).toBeCloseTo(at(edge.from) + (line?.back ? 0 : size), 0)
        expect(end).toBeCloseTo(at(edge.to) + (line?.back ? size : 0), 0)
      }
    }
  )

  it('arrive at a box at places of their own, in the order in which they come', () => {
    const map = mapFrom(4, [
      [0, 3],
      [1, 3],
      [2, 3]
    ])
    const layout = arrange(map, plain)
    const lines = linesOf(map.edges, layout)
    const ends = map.edges
      .toSorted((a, b) => (layout.nodes.get(a.from)?.y ?? 0) - (layout.nodes.get(b.from)?.y ?? 0))
      .map((edge) => numbers(lines.get(edgeKey(edge))?.path).at(-1) ?? 0)
    expect(new Set(ends).size).toBe(3)
    expect(ends).toEqual(ends.toSorted((a, b) => a - b))
  })

  it('of what calls itself stays at one side', () => {
    const map = mapFrom(2, [
      [0, 0],
      [0, 1]
    ])
    const layout = arrange(map, plain)
    const all = numbers(linesOf(map.edges, layout).get(edgeKey({ from: 's0', to: 's0' }))?.path)
    const right = (layout.nodes.get('s0')?.x ?? 0) + layout.node.width
    expect([all[0], all.at(-2)]).toEqual([right, right])
  })

  it('are nothing without an end', () => {
    expect(curve([], false)).toBe('')
    expect(linesOf([{ from: 's0', to: 'nowhere' }], arrange(chain, plain)).size).toBe(0)
  })

  it('are red from one failure in a hundred', () => {
    expect(
      [
        [0, 0],
        [0, 7],
        [1, 101],
        [1, 100],
        [1, 1]
      ].map(([failed = 0, calls = 0]) => isFailing(failed, calls))
    ).toEqual([false, false, false, true, true])
  })
})

describe.skipIf(!hasBrowser)('the map', () => {
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
    fixture.map = mapOf()
    for (const { page, faults } of watched.splice(0)) {
      expect(faults).toEqual([])
      await page.context().close()
    }
  })

  afterAll(async () => {
    await browser.close()
    await fixture.close()
  })

  async function openMap(options: BrowserContextOptions = {}): Promise<Page> {
    const one = await open(browser, `${url}map`, options)
    watched.push(one)
    await one.page.waitForSelector('.map h1')
    return one.page
  }

  it('shows rate, latency and failures of every service and every call', async () => {
    const page = await openMap()
    const shop = page.locator('.map-node', { hasText: 'shop' })
    expect(await shop.innerText()).toMatch(/shop\s+600\/min · p95 180 ms\s+0\.2 % failed/)
    expect(await page.locator('.map-node', { hasText: 'stock' }).innerText()).toContain(
      'no failures'
    )
    const call = page.getByRole('link', {
      name: /^shop to stock: 90\/min · 41\.0 ms ?, p50 14\.0 ms, no failures$/
    })
    expect(await call.textContent()).toContain('90/min · 41.0 ms')
    expect(await page.locator('path.call').count()).toBe(6)
    // Three of twenty thousand are a figure, no alarm.
    expect(await page.locator('path.call.failed').count()).toBe(1)
    expect(await page.locator('path.call.back').count()).toBe(1)
  })

  it('leads from a box and from a call to the traces', async () => {
    const page = await openMap()
    expect(await page.locator('.map-node', { hasText: 'postgresql' }).getAttribute('href')).toBe(
      '/_traces/?q=db%3Apostgresql'
    )
    expect(await page.locator('.map-node', { hasText: 'example' }).getAttribute('href')).toBe(
      '/_traces/?q=api.example.com'
    )
    await page.getByRole('link', { name: /^shop to mail/ }).click()
    await page.waitForSelector('input[type=search], .filter input')
    expect(new URL(page.url()).searchParams.get('q')).toBe('svc=shop svc="mail <b>"')
  })

  it('keeps everything where it is while the figures change', async () => {
    const page = await openMap()
    const box = page.locator('.map-node', { hasText: 'stock' })
    const before = await box.boundingBox()
    fixture.map = mapOf()
    for (const node of fixture.map.nodes) node.calls *= 2
    await page.waitForFunction(() =>
      document.querySelector('.map-nodes')?.textContent?.includes('1,200/min')
    )
    expect(await box.boundingBox()).toEqual(before)
  })

  it('has all of it as a table, for whom a picture says nothing', async () => {
    const page = await openMap()
    await page.waitForSelector('.map-tables')
    const rows = await page.$$eval('.map-tables table:first-child tbody tr', (all) =>
      all.map((row) => (row as HTMLElement).innerText.split('\t'))
    )
    expect(rows[0]).toEqual([
      'stock',
      'postgresql',
      '20,000',
      '2,000/min',
      '<0.1 %',
      '3.00 ms',
      '8.00 ms'
    ])
    expect(rows).toHaveLength(6)
  })

  it('says what it is drawn from, and what it would show where there is nothing', async () => {
    const page = await openMap()
    expect(await page.textContent('.map p')).toContain('6,000 traces in memory')
    fixture.map = { nodes: [], edges: [], drawn: { ...drawn, traces: 0 } }
    expect(
      await (await openMap()).waitForSelector('text=Nothing has called anything yet')
    ).toBeTruthy()
    fixture.map = { ...mapOf(), drawn: { ...mapOf().drawn, complete: false } }
    expect(
      await (await openMap()).waitForSelector('text=there was no time or room for all')
    ).toBeTruthy()
  })

  /** Thirty services, each of which calls the next three. */
  function large(): ServiceMap {
    const calls = Array.from({ length: 30 }, (_, i) =>
      [1, 2, 3].filter((by) => i + by < 30).map((by) => [i, i + by] as const)
    ).flat()
    return { ...mapFrom(30, calls), drawn: mapOf().drawn }
  }

  it('tells figures of calls one at a time where there are many, to pointer and keyboard', async () => {
    fixture.map = large()
    const page = await openMap()
    await page.waitForSelector('.map-node')
    expect(await page.locator('.map-call.shown').count()).toBe(0)
    await page.hover('.map-node:has(b span:text-is("s4"))')
    const shown = page.locator('.map-call.shown')
    await expect.poll(() => shown.count()).toBe(6)
    expect(await page.locator('.map-node:not(.far)').count()).toBe(7)
    await page.mouse.move(5, 5)
    await expect.poll(() => shown.count()).toBe(0)
    await page.focus('.map-node')
    await expect.poll(() => shown.count()).toBe(3)
    await page.keyboard.press('Tab')
    await expect.poll(() => shown.count()).toBe(1)
    const name = await page.evaluate(() => document.activeElement?.textContent ?? '')
    expect(name).toMatch(/^s0 to s1: .*p50 1\.00 ms, no failures$/)
    const opacity = () => page.evaluate(() => getComputedStyle(document.activeElement!).opacity)
    await expect.poll(opacity).toBe('1')
  })

  it('is made to fit where it can, and can be seen in its own size', async () => {
    fixture.map = { ...large(), edges: large().edges.slice(0, 24) }
    const page = await openMap()
    await page.waitForSelector('.map-node')
    const width = async () => (await page.locator('.map-node').first().boundingBox())!.width
    const fitted = await width()
    expect(fitted).toBeLessThan(150)
    await page.getByRole('button', { name: 'Fit to the window' }).click()
    await expect.poll(width).toBeCloseTo(150, 0)
  })

  it('stands upright in a narrow window', async () => {
    const page = await openMap({ viewport: { width: 380, height: 700 } })
    const box = (name: string) =>
      page.locator(`.map-node:has(b span:text-is("${name}"))`).boundingBox()
    const [caller, called] = [await box('stock'), await box('postgresql')]
    expect(caller!.y + caller!.height).toBeLessThan(called!.y)
  })

  it.each([
    ['light', 1280, false],
    ['dark', 1280, false],
    ['dark', 360, false],
    ['light', 1280, true],
    ['dark', 360, true]
  ] as const)(
    'is usable by everyone: %s, %d pixels wide, large %s',
    async (colorScheme, width, isLarge) => {
      if (isLarge) fixture.map = large()
      const page = await openMap({ colorScheme, viewport: { width, height: 700 } })
      await page.waitForSelector('.map-node')
      expect(await violations(page)).toEqual([])
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(
        true
      )
    }
  )
})
