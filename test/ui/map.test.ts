import fc from 'fast-check'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ServiceMap } from '../../src/wire/status.ts'
import { busiest } from '../../ui/map/busiest.ts'
import { arrange, edgeKey, nodeHeight, nodeWidth, pathOf, shapeOf } from '../../ui/map/layout.ts'
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
    expect(arrange(shown).nodes.size).toBe(200)
  })

  it('nothing is left out of one that is not', () => {
    const map = mapFrom(3, [[0, 1]])
    expect(busiest(map)).toBe(map)
  })
})

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
      fc.property(maps, (map) => {
        const { nodes, edges, width, height } = arrange(map)
        const places = [...nodes.values()]
        for (const [i, a] of places.entries()) {
          expect(
            a.x >= 0 && a.y >= 0 && a.x + nodeWidth <= width && a.y + nodeHeight <= height
          ).toBe(true)
          for (const b of places.slice(i + 1))
            expect(Math.abs(a.x - b.x) >= nodeWidth || Math.abs(a.y - b.y) >= nodeHeight).toBe(true)
        }
        expect([...edges.keys()].sort()).toEqual(map.edges.map(edgeKey).sort())
        for (const { points } of edges.values())
          expect(pathOf(points)).toMatch(/^M[\d. -]+(?: [QL][\d. -]+)+$/)
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
    expect(arrange(other)).toEqual(arrange(map))
    expect(shapeOf(other)).toBe(shapeOf(map))
  })

  it('has callers to the left of what they call', () => {
    const { nodes } = arrange(
      mapFrom(3, [
        [0, 1],
        [1, 2]
      ])
    )
    const [a, b, c] = ['s0', 's1', 's2'].map((name) => nodes.get(name)?.x ?? 0) as [
      number,
      number,
      number
    ]
    expect(a < b && b < c).toBe(true)
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
    expect(await call.innerText()).toContain('90/min · 41.0 ms')
    expect(await page.locator('path.call').count()).toBe(6)
    expect(await page.locator('path.call.failed').count()).toBe(2)
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
    await page.click('summary')
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

  it.each([
    ['light', 1280],
    ['dark', 1280],
    ['dark', 360]
  ] as const)('is usable by everyone: %s, %d pixels wide', async (colorScheme, width) => {
    const page = await openMap({ colorScheme, viewport: { width, height: 700 } })
    await page.waitForSelector('.map-node')
    expect(await violations(page)).toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
  })
})
