import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeJson } from '../../src/serve/json-stream.ts'
import { jsonShape } from '../../src/serve/json-shape.ts'

const joined = (value: unknown): string => [...encodeJson(value)].join('')
const shape = (text: string): string => jsonShape(Buffer.from(text))

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

describe('the shape of a JSON text', () => {
  it('of anything ordinary is fine', () => {
    const depth = (value: unknown): number =>
      typeof value === 'object' && value !== null
        ? 1 + Math.max(0, ...Object.values(value).map(depth))
        : 0
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
        fc.pre(depth(value) <= 32)
        expect(shape(JSON.stringify(value))).toBe('')
      })
    )
  })

  it('is too deep from 33 levels on', () => {
    expect(shape('['.repeat(32) + ']'.repeat(32))).toBe('')
    expect(shape('['.repeat(33) + ']'.repeat(33))).toContain('deep')
    expect(shape('{"a":'.repeat(33))).toContain('deep')
    expect(shape('['.repeat(4_000_000))).toContain('deep')
  })

  it('is too much from 100,001 arrays and objects on', () => {
    expect(shape(`[${'{},'.repeat(99_999)}0]`)).toBe('')
    expect(shape(`[${'{},'.repeat(100_000)}0]`)).toContain('100000')
  })

  it('does not count what stands in strings', () => {
    expect(shape(JSON.stringify('['.repeat(100)))).toBe('')
    expect(shape(JSON.stringify(`\\"${'['.repeat(100)}\\`))).toBe('')
    expect(shape(`["\\\\", ${'['.repeat(33)}`)).toContain('deep')
    expect(shape(`["\\"${'['.repeat(50)}`)).toBe('')
  })
})
