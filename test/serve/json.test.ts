import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeJson } from '../../src/serve/json-stream.ts'

const joined = (value: unknown): string => [...encodeJson(value)].join('')

describe('JSON in pieces', () => {
  it('is what JSON.stringify gives', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(joined(value)).toBe(JSON.stringify(value))
      })
    )
  })

  it.each([4095, 4096, 4097, 8192, 10_000])('is so for an array of %i', (length) => {
    const array = Array.from({ length }, (_, i) => (i % 3 === 0 ? null : `${i}`))
    expect(joined({ a: { b: array }, c: array })).toBe(
      JSON.stringify({ a: { b: array }, c: array })
    )
  })

  it('leaves out what JSON.stringify leaves out', () => {
    const value = { a: undefined, b: () => 1, c: new Date(0), d: Number.NaN, e: {}, f: [undefined] }
    expect(JSON.parse(joined({ ...value, b: 1 }))).toEqual(
      JSON.parse(JSON.stringify({ ...value, b: 1 }))
    )
  })

  it('comes in pieces that are small', () => {
    const column = Array.from({ length: 80_000 }, (_, i) => i)
    for (const piece of encodeJson({ spans: { start: column, duration: column } }))
      expect(piece.length).toBeLessThan(40_000)
  })
})
