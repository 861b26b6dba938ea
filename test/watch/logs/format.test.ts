import { format, inspect } from 'node:util'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { formatLine } from '../../../src/watch/logs/format.ts'
import { redactor } from '../setup.ts'

const line = (...args: unknown[]): string => formatLine(args, 2048, redactor)

test.each([
  [['a', 1, true, null, undefined, 2n]],
  [['%s is %d of %i', 'x', 1.5, 2.7]],
  [['%j and %o', { a: 1 }, { b: 2 }]],
  [['100%', 'b']],
  [['%s']],
  [[{ a: [1, { b: 'c' }], d: new Map([['k', new Set([1])]]) }]],
  [[[1, 'two', null, [3]]]],
  [[new Date(0), /x/g, Symbol('s')]],
  [[Buffer.from('abc')]],
  [[Object.create(null)]],
  [
    [
      new (class Order {
        id = 1
      })()
    ]
  ],
  [['', '']],
  [[]]
])('a line of modest values is what util.format makes of them: #%#', (args: unknown[]) => {
  expect(line(...args)).toBe(format(...args))
})

test('any line of plain values is what util.format makes of them', () => {
  const plain = fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.integer(),
    fc.boolean(),
    fc.constant(null)
  )
  fc.assert(
    fc.property(fc.array(plain, { maxLength: 6 }), (args) => {
      expect(line(...args)).toBe(format(...args))
    })
  )
})

test('nothing that a host can print makes it throw or grow', () => {
  fc.assert(
    fc.property(fc.array(fc.anything({ withProxy: false } as never), { maxLength: 5 }), (args) => {
      const text = formatLine(args, 200, redactor)
      expect(text.length).toBeLessThanOrEqual(201)
    }),
    { numRuns: 500 }
  )
})

test('getters do not run', () => {
  const read = vi.fn()
  line(
    {
      get a() {
        return read()
      }
    },
    '%j',
    {
      get b() {
        return read()
      }
    }
  )
  expect(read).not.toHaveBeenCalled()
})

test('the traps of a proxy do not run', () => {
  const trap = vi.fn()
  const handler = { get: trap, ownKeys: trap, getPrototypeOf: trap, has: trap }
  expect(line('p', new Proxy({}, handler))).toBe('p [Proxy]')
  expect(trap).not.toHaveBeenCalled()
})

test('what a value says of itself is what is shown', () => {
  const badge = { value: 'hidden', [inspect.custom]: () => 'Badge(...)' }
  expect(line(badge, { badge })).toBe('Badge(...) { badge: Badge(...) }')
})

test('an inspect method that throws leaves a line all the same', () => {
  expect(
    line('a', {
      [inspect.custom]() {
        throw new Error('no')
      }
    })
  ).toBe('[unserialisable]')
})

test('properties with secret names are hidden, whatever they hold', () => {
  const text = line({ password: 'canary1', user: { name: 'ann', secrets: { a: 'canary2' } } })
  expect(text).not.toContain('canary')
  expect(text).toContain("name: 'ann'")
  expect(line('%j', { password: 'canary' })).not.toContain('canary')
})

test('an error is its stack and causes, and nothing it drags along', () => {
  const error = Object.assign(new Error('outer', { cause: new Error('inner') }), {
    config: { headers: { 'x-key': 'canary' } }
  })
  const text = line('failed:', error)
  expect(text).toMatch(/^failed: Error: outer\n {4}at /)
  expect(text).toContain('Caused by: Error: inner')
  expect(text).not.toContain('canary')
  expect(line({ error: new RangeError('within') })).toContain('error: RangeError: within')
})

test('a huge value is cut before it is formatted', () => {
  const inspected = vi.fn(() => 'x')
  const wide = Object.fromEntries(
    Array.from({ length: 10_000 }, (_, i) => [`k${i}`, { [inspect.custom]: inspected }])
  )
  const deep = Array.from({ length: 1000 }, () => wide)
  expect(line(wide, deep, new Map([[1, deep]]), new Set(deep)).length).toBeLessThanOrEqual(2049)
  expect(line('%j', wide).length).toBeLessThanOrEqual(2049)
  expect(inspected.mock.calls.length).toBeLessThan(1000)
  expect(line('x'.repeat(10_000_000))).toHaveLength(2049)
  expect(line('%s', 'x'.repeat(10_000_000))).toHaveLength(2049)
})

test('a circle ends', () => {
  const circle: Record<string, unknown> = { name: 'circle' }
  circle['self'] = circle
  expect(line(circle)).toContain("name: 'circle'")
  expect(line('%j', circle)).toContain('circle')
})
