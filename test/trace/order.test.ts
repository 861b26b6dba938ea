import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { orderBy } from '../../src/trace/order.ts'
import { finish } from '../query/fixtures.ts'

describe('orderBy', () => {
  it('sorts as Array.sort does, equal keys in their order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 60 }), (keys) => {
        const expected = keys.map((_, i) => i).sort((a, b) => (keys[a] ?? 0) - (keys[b] ?? 0))
        expect([...finish(orderBy(new Float64Array(keys)))]).toEqual(expected)
      })
    )
  })

  it('stops often enough for the host, however many there are', () => {
    const keys = Float64Array.from({ length: 50_000 }, (_, i) => (i * 7919) % 50_021)
    expect([...orderBy(keys)].length).toBeGreaterThan(50)
  })
})
