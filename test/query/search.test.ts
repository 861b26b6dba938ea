import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { createReader } from '../../src/query/reader.ts'
import { maxRows } from '../../src/query/search.ts'
import type { TraceList } from '../../src/wire/summary.ts'
import { flat, NaiveStore, record, request, span, traceId } from './fixtures.ts'
import { openTracing } from './open.ts'
import { stores } from './stores.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

function readerOf<T extends Parameters<typeof createReader>[0]['store']>(
  store: T,
  now: () => number = () => performance.now()
) {
  const recording = openTracing(store)
  closing.push(() => recording.open.close())
  const routes = { figures: () => [] }
  return { store, reader: createReader({ store, open: recording.open, routes, now }), ...recording }
}

function numbers(list: TraceList): number[] {
  return list.traces.map(({ traceId }) => Number.parseInt(traceId, 16))
}

function query(id: number, parent: number, system: string, text: string) {
  const attributes = flat({ 'db.system.name': system, 'db.query.text': text })
  return span({ id, parent, kind: 2, attributes })
}

describe.each(stores)('a search on %s', (_name, createStore) => {
  it('gives traces newest first, a page at a time', async () => {
    const { store, reader } = readerOf(createStore())
    for (let trace = 1; trace <= 7; trace++) store.add(request({ trace }), '')
    const first = await reader.list({ query: '', limit: 3 })
    expect(numbers(first)).toEqual([7, 6, 5])
    const second = await reader.list({ query: '', limit: 3, before: first.next })
    expect(numbers(second)).toEqual([4, 3, 2])
    const third = await reader.list({ query: '', limit: 3, before: second.next })
    expect(numbers(third)).toEqual([1])
    expect(third).toEqual({
      traces: [reader.summary(traceId(1))],
      ignored: [],
      searched: { traces: 1, complete: true }
    })
  })

  it('has no next page when the last trace fills the last one', async () => {
    const { store, reader } = readerOf(createStore())
    for (let trace = 1; trace <= 3; trace++) store.add(request({ trace }), '')
    expect(await reader.list({ query: '', limit: 3 })).not.toHaveProperty('next')
  })

  it('lists each trace once, whatever records it has', async () => {
    const { store, reader } = readerOf(createStore())
    store.add(request({ trace: 1 }), '')
    store.add(request({ trace: 2 }), '')
    store.add(record([span({ id: 9, parent: 1000 })]), '')
    const list = await reader.list({ query: '', limit: 9 })
    expect(numbers(list)).toEqual([2, 1])
    expect(list.traces[1]).toMatchObject({ spans: 2, seq: 3 })
  })

  it('applies what it understands and names the rest', async () => {
    const { store, reader } = readerOf(createStore())
    for (const [i, status] of [200, 404, 500].entries())
      store.add(request({ trace: i + 1, status }), '')
    const list = await reader.list({ query: 'status:>=400 sttus:1', limit: 9 })
    expect(numbers(list)).toEqual([3, 2])
    expect(list.ignored).toEqual(['unknown key "sttus"'])
    expect(list.searched).toEqual({ traces: 3, complete: true })
  })

  it('finds attributes of one span, over the records of all processes', async () => {
    const { store, reader } = readerOf(createStore())
    store.add(request({ trace: 1, children: [query(2, 1000, 'postgresql', 'select items')] }), '')
    store.add(
      request({
        trace: 2,
        children: [query(2, 2000, 'postgresql', 'select users'), query(3, 2000, 'mysql', 'items')]
      }),
      ''
    )
    store.add(request({ trace: 3 }), '')
    store.add(
      record([query(5, 3000, 'postgresql', 'insert ITEMS')], {
        traceId: traceId(3),
        service: 'storage'
      }),
      ''
    )
    const text = '@db.system.name:postgresql @db.query.text:items'
    expect(numbers(await reader.list({ query: text, limit: 9 }))).toEqual([3, 1])
    expect(numbers(await reader.list({ query: `-${text.split(' ')[1]}`, limit: 9 }))).toEqual([])
    expect(numbers(await reader.list({ query: '-@db.query.text:users', limit: 9 }))).toEqual([3, 1])
    expect(numbers(await reader.list({ query: 'users', limit: 9 }))).toEqual([2])
    expect(numbers(await reader.list({ query: '-users', limit: 9 }))).toEqual([3, 1])
  })

  it('puts requests in flight before all that is stored, the newest first', async () => {
    const { store, reader, start } = readerOf(createStore())
    store.add(request({ trace: 1 }), '')
    const a = start('GET /a')
    const b = start('GET /b')
    const list = await reader.list({ query: '', limit: 9 })
    expect(list.traces.map(({ name }) => name)).toEqual(['GET /b', 'GET /a', 'GET /orders'])
    expect(list.traces.map(({ inFlight }) => inFlight)).toEqual([true, true, false])
    const page = await reader.list({ query: '', limit: 2 })
    expect(page.traces.map(({ name }) => name)).toEqual(['GET /b', 'GET /a'])
    expect(numbers(await reader.list({ query: '', limit: 2, before: page.next }))).toEqual([1])
    a.setAttribute('user.id', 'ann')
    const found = await reader.list({ query: '@user.id:ann', limit: 9 })
    expect(found.traces.map(({ name }) => name)).toEqual(['GET /a'])
    a.end()
    b.end()
  })

  it('takes foreign limits and cursors', async () => {
    const { store, reader } = readerOf(createStore(), () => 0)
    for (let trace = 1; trace <= maxRows + 10; trace++) store.add(request({ trace }), '')
    const count = async (limit: number): Promise<number> =>
      (await reader.list({ query: '', limit })).traces.length
    expect(await count(1e9)).toBe(maxRows)
    expect(await count(Number.NaN)).toBe(100)
    expect(await count(-3)).toBe(1)
    for (const before of ['x', '-1', '', '1e9', '9'.repeat(40)])
      expect(numbers(await reader.list({ query: '', limit: 1, before }))).toEqual([maxRows + 10])
  })

  it('finds by page what it finds at once', async () => {
    const { store, reader } = readerOf(createStore())
    for (let i = 0; i < 60; i++) {
      const trace = 1 + ((i * 7) % 40)
      store.add(
        request({ trace, status: i % 3 === 0 ? 500 : 200, attributes: { n: i % 5 } }),
        i % 3 === 0 ? 'error' : ''
      )
    }
    const queries = ['', 'is:error', '@n:2', '-@n:2', 'status:200 @n:>=1']
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...queries),
        fc.integer({ min: 1, max: 9 }),
        async (query, limit) => {
          const whole = numbers(await reader.list({ query, limit: 500 }))
          const paged: number[] = []
          let before: string | undefined
          do {
            const page = await reader.list({ query, limit, before })
            paged.push(...numbers(page))
            before = page.next
          } while (before !== undefined)
          expect(paged).toEqual(whole)
        }
      ),
      { numRuns: 40 }
    )
  })
})

describe('a long search', () => {
  function slowStore(count: number) {
    const store = new NaiveStore()
    for (let trace = 1; trace <= count; trace++)
      store.add(request({ trace, attributes: { n: trace } }))
    return store
  }

  it('lets the host go on between pieces and survives what happens meanwhile', async () => {
    let ms = 0
    // Every look at the clock costs a millisecond.
    const { store, reader, start } = readerOf(slowStore(60), () => ms++)
    let turns = 0
    const running = start('GET /running')
    const tick = (): void => {
      turns++
      ticking = setImmediate(tick)
      if (turns !== 3) return
      store.evict(5)
      store.add(request({ trace: 100 }))
      running.end()
    }
    let ticking = setImmediate(tick)
    const list = await reader.list({ query: '', limit: 500 })
    clearImmediate(ticking)
    expect(turns).toBeGreaterThan(9)
    const found = numbers(list)
    expect(new Set(found).size).toBe(found.length)
    expect(found.slice(1, 51)).toEqual(Array.from({ length: 50 }, (_, i) => 60 - i))
  })

  it('stops when its time is over and says how far it came', async () => {
    let ms = 0
    const { reader } = readerOf(slowStore(60), () => (ms += 50))
    const list = await reader.list({ query: '@n:1', limit: 10 })
    expect(list.traces).toEqual([])
    expect(list.searched.complete).toBe(false)
    expect(list.searched.traces).toBeLessThan(60)
    let before = list.next
    const found: number[] = []
    while (before !== undefined) {
      const page: TraceList = await reader.list({ query: '@n:1', limit: 10, before })
      found.push(...numbers(page))
      before = page.next
    }
    expect(found).toEqual([1])
  })

  it('decodes only what summary and index leave open', async () => {
    const { store, reader } = readerOf(new NaiveStore())
    store.add(request({ trace: 1, attributes: { color: 'red' } }))
    store.add(request({ trace: 2, attributes: { color: 'blue' } }))
    store.add(request({ trace: 3, status: 500, attributes: { color: 'red' } }))
    store.decoded.length = 0
    expect(numbers(await reader.list({ query: 'status:200 @color:red', limit: 9 }))).toEqual([1])
    expect(store.decoded).toEqual([traceId(1)])
    await reader.list({ query: 'is:error', limit: 9 })
    await reader.list({ query: 'orders', limit: 9 })
    expect(store.decoded).toHaveLength(1)
  })

  it('asks the index for a few texts only', async () => {
    const asked = new Set<string>()
    class Asked extends NaiveStore {
      override lacks(): boolean {
        asked.add(arguments[1] as string)
        return false
      }
    }
    const { store, reader } = readerOf(new Asked())
    store.add(request({ trace: 1 }))
    const words = Array.from({ length: 20 }, (_, i) => `word${i}`).join(' ')
    expect(numbers(await reader.list({ query: words, limit: 9 }))).toEqual([])
    expect(asked.size).toBe(8)
  })
})
