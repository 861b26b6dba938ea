import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TraceRecord } from '../../src/base/span-data.ts'
import { createStore } from '../../src/store/store.ts'
import type { TraceStore } from '../../src/store/types.ts'
import { record, recordOf, silentReport, text, traceIdOf } from './arbitrary.ts'

const open = () => createStore({ memory: 2 ** 20, report: silentReport() })

/** Every text of a record, which is what a search may ask for. */
function textsOf(one: unknown): string[] {
  if (typeof one === 'string') return [one]
  if (typeof one !== 'object' || one === null) return []
  return Object.entries(one).flatMap(([key, value]) =>
    /Id$|^source$|^severity$/.test(key) ? [] : textsOf(value)
  )
}

/** Whether any of the trace's records is ruled out. */
function lacks(store: TraceStore, number: number, needle: string): boolean {
  const entries = store.entries(traceIdOf(number))
  if (entries.length === 0) throw new Error('no entry')
  return entries.some((entry) => store.lacks(entry, needle.toLowerCase()))
}

// Spans as requests make them, whose paths and names are written in pieces.
const segment = fc.stringMatching(/^[a-zA-Z0-9é-]{1,9}$/)
const request = fc
  .tuple(segment, segment, segment, fc.boolean(), fc.ipV4())
  .map(([a, b, c, reverse, address]): TraceRecord => {
    const pairs: [string, string | number][] = [
      ['http.request.method', 'GET'],
      ['url.path', `/${a}/${b}/items/${c}`],
      ['http.route', `/${a}/:id/items/:item`],
      ['client.address', address],
      ['http.response.status_code', 200]
    ]
    if (reverse) pairs.reverse()
    return recordOf(1, { span: { name: `GET /${a}/:id/items/:item`, attributes: pairs.flat() } })
  })

describe('the search of bytes', () => {
  it('never rules out a record that holds the text, in any case and any part of it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(record, request), { minLength: 1, maxLength: 8 }),
        fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat(), text), { minLength: 5, maxLength: 5 }),
        (records, picks) => {
          const store = open()
          const numbered = records.map((one, i) => ({ ...one, traceId: traceIdOf(i + 1) }))
          // Twice, so that what stands in place the first time has an id the next.
          for (const one of [...numbered, ...numbered]) store.add(one, '')
          const held = numbered.map((one) =>
            textsOf([one.resource, one.spans]).map((each) => each.toLowerCase())
          )
          const all = held.flat()
          for (const [which, from, length, other] of picks) {
            const one = all[which % all.length] ?? ''
            const part = one.slice(from % (one.length + 1)).slice(0, 1 + (length % 20))
            for (const needle of [one, part, other].map((each) => each.toLowerCase())) {
              for (const [i, here] of held.entries()) {
                const there = here.some((each) => each.includes(needle))
                if (there) expect(lacks(store, i + 1, needle), JSON.stringify(needle)).toBe(false)
              }
            }
          }
        }
      ),
      { numRuns: 60 }
    )
  })

  it('gives requests back whose paths it wrote by their routes', () => {
    fc.assert(
      fc.property(fc.array(request, { minLength: 1, maxLength: 8 }), (records) => {
        const store = open()
        for (const [i, one] of records.entries()) {
          const numbered = { ...one, traceId: traceIdOf(i + 1) }
          store.add(numbered, '')
          expect(store.records(numbered.traceId)).toStrictEqual([numbered])
          expect(store.entries(numbered.traceId)[0]).toMatchObject({
            name: one.spans[0]?.name,
            method: 'GET',
            httpStatus: 200
          })
        }
      })
    )
  })

  it('rules out all records but the one that holds a text of its own', () => {
    const store = open()
    for (let i = 1; i <= 100; i++)
      store.add(
        recordOf(i, { span: { attributes: ['order.ref', `Ref-${i}-x`, 'tenant', 'acme'] } }),
        ''
      )
    const holders = (needle: string) =>
      Array.from({ length: 100 }, (_, i) => i + 1).filter((i) => !lacks(store, i, needle))
    expect(holders('ref-77-x')).toEqual([77])
    expect(holders('nowhere')).toEqual([])
    expect(holders('order.ref')).toHaveLength(100)
    expect(holders('acme')).toHaveLength(100)
    expect(holders('ref-77-x/nowhere')).toEqual([])
    expect(holders('')).toHaveLength(100)
  })

  it('finds paths and names that are written in pieces, and addresses that are written as bytes', () => {
    const store = open()
    const requested = (id: number) => [
      'http.request.method',
      'GET',
      'http.route',
      '/orders/:id/items',
      'url.path',
      `/orders/${id}/items`,
      'client.address',
      `10.0.0.${id % 250}`
    ]
    for (let i = 4710; i < 4720; i++)
      store.add(
        recordOf(i, { span: { name: 'GET /orders/:id/items', attributes: requested(i) } }),
        ''
      )
    for (const needle of [
      '/orders/4715/items',
      's/4715',
      '4715/i',
      'get /orders/:id',
      '10.0.0.2',
      '.0.0.',
      '0.215'
    ])
      expect(lacks(store, 4715, needle), needle).toBe(false)
    expect(lacks(store, 4714, '/orders/4715')).toBe(true)
  })

  it('sees a text that is there since the last time it looked', () => {
    const store = open()
    store.add(recordOf(1), '')
    expect(lacks(store, 1, 'later')).toBe(true)
    store.add(recordOf(2, { span: { name: 'much later' } }), '')
    expect([lacks(store, 1, 'later'), lacks(store, 2, 'later')]).toEqual([true, false])
  })

  it('looks in the kept ring for what is only there', () => {
    const store = open()
    store.add(recordOf(1, { span: { name: 'the failure' } }), 'error')
    const body = 'x'.repeat(900)
    for (let i = 2; store.oldest === 1; i++)
      store.add(recordOf(i, { span: { attributes: ['body', body + i] } }), '')
    expect([lacks(store, 1, 'failure'), lacks(store, 1, 'success')]).toEqual([false, true])
  })

  it('has no idea of a record that is gone, and of letters that change beyond ASCII', () => {
    const store = open()
    store.add(recordOf(1, { span: { name: 'Überfall' } }), '')
    const [entry] = store.entries(traceIdOf(1))
    expect(lacks(store, 1, 'ü')).toBe(false)
    expect(lacks(store, 1, 'é')).toBe(false)
    expect(lacks(store, 1, 'überfull')).toBe(true)
    store.clear()
    expect(entry !== undefined && store.lacks(entry, 'nowhere')).toBe(false)
  })

  it('knows every character whose lower case is ASCII, or has no case of its own', () => {
    for (let code = 0x80; code < 0x10000; code++) {
      const char = String.fromCharCode(code)
      if (char.toLowerCase() === char) continue
      for (const lower of char.toLowerCase())
        if (
          lower.charCodeAt(0) < 0x80 ||
          (lower.toLowerCase() === lower && lower.toUpperCase() === lower)
        )
          expect(['\u212a', '\u0130'], code.toString(16)).toContain(char)
    }
    const store = open()
    store.add(recordOf(1, { span: { name: '10 \u212aelvin, \u0130stanbul' } }), '')
    expect([lacks(store, 1, 'kelvin'), lacks(store, 1, 'i\u0307stanbul')]).toEqual([false, false])
  })
})
