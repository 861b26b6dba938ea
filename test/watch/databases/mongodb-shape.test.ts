import fc from 'fast-check'
import { expect, test } from 'vitest'
import { shapeOf } from '../../../src/watch/databases/mongodb-shape.ts'
import { library } from '../../libraries/library.js'
import { redactor } from '../setup.ts'

const { ObjectId, Long } = library('bson') as Record<'ObjectId' | 'Long', new () => object>

test('keys and operators stay, values do not', () => {
  class Order {
    total = 5
    lines = [{ sku: 'canary' }]
  }
  const shape = shapeOf({
    filter: { _id: new ObjectId(), at: new Date(), name: /canary/, data: Buffer.from('canary') },
    order: new Order(),
    map: new Map([['key', 'canary']]),
    nothing: undefined,
    none: null,
    long: new Long(),
    or: { $or: [{ a: 1 }, { a: 2 }, { b: { $in: ['canary', 'canary'] } }] }
  })
  expect(shape).toBe(
    '{"filter": {"_id": ?, "at": ?, "name": ?, "data": ?}, "order": {"total": ?, "lines": [{"sku": ?}]}, ' +
      '"map": {"key": ?}, "none": ?, "long": ?, "or": {"$or": [{"a": ?}, {"b": {"$in": [?]}}]}}'
  )
  expect(redactor.statement(shape, 'other', false)).toBe(shape)
})

test('a document without end, or of any size, gives a short text', () => {
  const round: Record<string, unknown> = { a: 1 }
  round['self'] = round
  expect(shapeOf(round)).toContain('"self": {"a": ?')
  let shared: unknown[] = [1]
  for (let depth = 0; depth < 10; depth++) shared = Array.from({ length: 20 }, () => shared)
  expect(shapeOf({ shared }).length).toBeLessThan(9000)
  const wide = Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`k${at}`, at]))
  expect(shapeOf({ documents: Array.from({ length: 10_000 }, () => wide) }).length).toBeLessThan(
    9000
  )
})

test('no value is ever shown, and no name that is a value', () => {
  const name = fc.oneof(
    fc.constantFrom('$and', 'user.name', '_id', 'a"b', 'a\\', '', '__proto__', 'ann@example.com'),
    fc.string()
  )
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: 'medium' },
      fc.constantFrom('canary', '"canary', "'canary", '}, "x": "canary', 'canary\\', 4_711_000_123),
      fc.array(tie('any'), { maxLength: 4 }),
      fc.dictionary(name, tie('any'), { maxKeys: 4 })
    )
  })).any
  fc.assert(
    fc.property(fc.dictionary(name, value, { maxKeys: 4 }), (command) => {
      const shown = redactor.statement(shapeOf(command), 'other', false)
      for (const secret of ['canary', '4711000123', 'ann@example.com'])
        expect(shown).not.toContain(secret)
    })
  )
})
