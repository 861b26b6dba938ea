import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Block, Ring } from '../../src/store/ring.ts'

/** A block that holds numbers; its items are their own positions when all is well. */
class Numbers implements Block {
  first = 0
  items: number[] = []

  get count(): number {
    return this.items.length
  }

  reset(first: number): void {
    this.first = first
    this.items = []
  }
}

function ringOf(blocks: number): Ring<Numbers> {
  return new Ring(blocks, () => new Numbers())
}

function push(ring: Ring<Numbers>): void {
  ring.active.items.push(ring.next)
}

function valueAt(ring: Ring<Numbers>, position: number): number | undefined {
  const block = ring.find(position)
  return block?.items[position - block.first]
}

describe('a ring', () => {
  it('starts empty, at position 1', () => {
    const ring = ringOf(2)
    expect([ring.oldest, ring.next, ring.empty]).toEqual([1, 1, true])
    expect(ring.find(1)).toBeUndefined()
    expect([...ring.blocks()]).toHaveLength(1)
  })

  it('makes each block when it is needed first, and never more of them', () => {
    let made = 0
    const ring = new Ring(3, () => {
      made++
      return new Numbers()
    })
    const counts: number[] = []
    for (let block = 0; block < 5; block++) {
      counts.push(made)
      push(ring)
      ring.advance(() => {})
    }
    expect(counts).toEqual([1, 2, 3, 3, 3])
  })

  it('is as it was when there is no memory for another block', () => {
    let room = 1
    const ring = new Ring(2, () => {
      if (room-- <= 0) throw new RangeError('Array buffer allocation failed')
      return new Numbers()
    })
    push(ring)
    expect(() => ring.advance(() => {})).toThrow(RangeError)
    expect([ring.oldest, ring.next, valueAt(ring, 1)]).toEqual([1, 2, 1])
    room = 1
    ring.advance(() => {})
    push(ring)
    expect([ring.oldest, ring.next, valueAt(ring, 2)]).toEqual([1, 3, 2])
  })

  it('loses the oldest block as a whole, and tells before it does', () => {
    const ring = ringOf(3)
    const lost: number[][] = []
    for (let block = 0; block < 5; block++) {
      for (let i = 0; i < 2; i++) push(ring)
      ring.advance((one) => lost.push([...one.items]))
    }
    expect(lost).toEqual([
      [1, 2],
      [3, 4],
      [5, 6]
    ])
    expect([ring.oldest, ring.next]).toEqual([7, 11])
  })

  it('does not advance past an empty block', () => {
    const ring = ringOf(2)
    push(ring)
    ring.advance(() => {})
    ring.advance(() => {})
    ring.advance(() => {})
    expect(valueAt(ring, 1)).toBe(1)
  })

  it('finds nothing at positions that are no numbers of an item', () => {
    const ring = ringOf(2)
    push(ring)
    for (const position of [0, -1, 2, NaN, Infinity]) expect(ring.find(position)).toBeUndefined()
  })

  it('does not give a position twice, clear or not', () => {
    const ring = ringOf(2)
    push(ring)
    expect(ring.find(1)).toBe(ring.active)
    ring.clear()
    expect([ring.oldest, ring.next, ring.empty]).toEqual([2, 2, true])
    expect(ring.find(1)).toBeUndefined()
    push(ring)
    expect(valueAt(ring, 2)).toBe(2)
  })

  it('holds every position from the oldest to the newest in exactly one block, after any steps', () => {
    const step = fc.oneof(
      { weight: 10, arbitrary: fc.constant('push' as const) },
      { weight: 4, arbitrary: fc.constant('advance' as const) },
      { weight: 1, arbitrary: fc.constant('clear' as const) }
    )
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 5 }),
        fc.array(step, { maxLength: 200 }),
        (size, steps) => {
          const ring = ringOf(size)
          let lost = 0
          let pushed = 0
          for (const one of steps) {
            if (one === 'push') {
              push(ring)
              pushed++
            } else if (one === 'advance') ring.advance((block) => (lost += block.count))
            else {
              lost += ring.next - ring.oldest
              ring.clear()
            }
            expect(ring.next).toBe(pushed + 1)
            expect(ring.next - ring.oldest).toBe(pushed - lost)
            expect(ring.empty).toBe(ring.next === ring.oldest)
            for (let at = 1; at < ring.next; at++)
              expect(valueAt(ring, at)).toBe(at < ring.oldest ? undefined : at)
          }
          expect([...ring.blocks()].flatMap((block) => block.items)).toEqual(
            Array.from({ length: pushed - lost }, (_, i) => lost + 1 + i)
          )
        }
      ),
      { numRuns: 60 }
    )
  })
})
