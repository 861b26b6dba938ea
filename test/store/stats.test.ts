import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createStore } from '../../src/store/store.ts'
import { recordOf, silentReport, tracesOf } from './arbitrary.ts'

const open = () => createStore({ memory: 2 ** 20, report: silentReport() })
const named = (name: string) => ({ span: { name } })

describe('the figures of the store', () => {
  it('count a trace once, however many records it came in, and not at all once it is evicted', () => {
    fc.assert(
      // Few ids, so that traces come in several records; long texts, so that segments are reused.
      fc.property(
        fc.array(fc.nat(40), { minLength: 1, maxLength: 600 }),
        fc.nat(4000),
        (ids, size) => {
          const store = open()
          for (const [i, id] of ids.entries())
            store.add(recordOf(id + 1, named(String(i).padEnd(size, '-'))), '')
          const { recent } = store.stats
          expect(recent.traces).toBe(tracesOf(store).length)
          expect(recent.records).toBe(store.newest - store.oldest + 1)
          store.clear()
          expect(store.stats.recent.traces).toBe(0)
        }
      ),
      { numRuns: 60 }
    )
  })

  it('count the traces of the kept ring by themselves', () => {
    const store = open()
    for (let i = 0; i < 6; i++)
      store.add(recordOf((i % 3) + 1, named(`span ${i}`)), i === 1 ? 'error' : '')
    expect(store.stats.recent).toMatchObject({ traces: 3, records: 6 })
    expect(store.stats.kept).toMatchObject({ traces: 1, records: 2 })
  })
})
