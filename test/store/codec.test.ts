import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TraceRecord } from '../../src/base/span-data.ts'
import { createStore } from '../../src/store/store.ts'
import { summarise } from '../../src/trace/summary.ts'
import { record, recordOf, silentReport, span, spanOf } from './arbitrary.ts'

const open = () => createStore({ memory: 2 ** 20, report: silentReport() })

function through(...records: TraceRecord[]): TraceRecord[] {
  const store = open()
  return records.map((one) => {
    const seq = store.add(one, '')
    const found = store
      .records(one.traceId)
      .find((_, i) => store.entries(one.traceId)[i]?.seq === seq)
    if (found === undefined) throw new Error('not found again')
    return found
  })
}

describe('the codec', () => {
  it('gives any record back as it was', () => {
    fc.assert(
      fc.property(record, (one) => {
        expect(through(one)).toStrictEqual([one])
      }),
      { numRuns: 400 }
    )
  })

  it('gives many records of one segment back, though they share texts, shapes, scopes and resources', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(record, { minLength: 2, maxLength: 20, selector: (one) => one.traceId }),
        (records) => {
          expect(through(...records, ...records.slice(0, 0))).toStrictEqual(records)
        }
      ),
      { numRuns: 60 }
    )
  })

  it('gives the figures of a record as the summary has them', () => {
    fc.assert(
      fc.property(record, (one) => {
        const store = open()
        const seq = store.add(one, '')
        expect(store.entries(one.traceId)).toStrictEqual([
          { seq, traceId: one.traceId, kept: '', ...summarise(one) }
        ])
      }),
      { numRuns: 300 }
    )
  })

  it('keeps the same span in the same words the second and the third time', () => {
    fc.assert(
      fc.property(span, (one) => {
        const store = open()
        for (let i = 0; i < 4; i++) {
          const again = recordOf(i, { spans: [one] })
          store.add(again, '')
          expect(store.records(again.traceId)).toStrictEqual([again])
        }
      }),
      { numRuns: 200 }
    )
  })

  it('reads a span that changes after it was added as it was then', () => {
    const store = open()
    const attributes: (string | number)[] = ['a', 'before', 'b', 1]
    const events = [{ name: 'first', time: 1, attributes: ['k', 'v'] }]
    const live = { ...spanOf(1), attributes, events, name: 'before' }
    const one = recordOf(1, { spans: [live] })
    store.add(one, '')
    attributes[1] = 'after'
    attributes.push('c', 'after')
    events.pop()
    live.name = 'after'
    expect(store.records(one.traceId)[0]?.spans[0]).toMatchObject({
      name: 'before',
      attributes: ['a', 'before', 'b', 1],
      events: [{ name: 'first' }]
    })
  })

  it('says of no stored span that it is open', () => {
    const one = recordOf(1, { span: { open: true } })
    expect(through(one)[0]?.spans[0]?.open).toBe(false)
  })

  it('keeps an attribute that is called __proto__, and no value that is none', () => {
    const odd = [1n, null, undefined, { a: 1 }, Symbol('x'), () => 1, [['nested']]]
    const one = recordOf(1, {
      span: {
        attributes: ['__proto__', 'x', ...odd.flatMap((value, i) => [`k${i}`, value as any])]
      }
    })
    const found = through(one)[0]?.spans[0]?.attributes
    expect(found?.slice(0, 2)).toStrictEqual(['__proto__', 'x'])
    expect(found?.filter((_, i) => i % 2 === 1).slice(1)).toStrictEqual([
      '',
      '',
      '',
      '',
      '',
      '',
      ['']
    ])
  })

  it('finds the parents of spans that came in any order, in a record of thousands', () => {
    const spans = Array.from({ length: 2000 }, () => spanOf(1))
    const linked = spans.map((one, i) => ({
      ...one,
      parentId: i === 7 ? undefined : spans[(i * 31 + 7) % 2000]?.spanId
    }))
    const one = recordOf(1, { spans: linked })
    const store = createStore({ memory: 16 * 2 ** 20, report: silentReport() })
    store.add(one, '')
    expect(store.records(one.traceId)).toStrictEqual([one])
  })

  it('keeps more scopes, resources and shapes apart than it has ids for', () => {
    const store = createStore({ memory: 16 * 2 ** 20, report: silentReport() })
    const records = Array.from({ length: 3000 }, (_, i) =>
      recordOf(i, {
        resource: { service: `service ${i % 1500}`, attributes: ['n', i % 1500] },
        span: {
          scope: { name: `scope ${i % 700}`, version: `${i % 3}` },
          attributes: [`key ${i % 1200}`, i]
        }
      })
    )
    for (const one of records) store.add(one, '')
    for (const one of records) expect(store.records(one.traceId)).toStrictEqual([one])
  })
})
