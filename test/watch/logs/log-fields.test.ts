import { expect, test } from 'vitest'
import { defaultLimits } from '../../../src/base/limits.ts'
import { LogFields } from '../../../src/watch/logs/log-fields.ts'
import { redactor } from '../setup.ts'

test('nothing of the host runs, and nothing throws, whatever a field is', () => {
  const broken = (): never => {
    throw new Error('a trap of the host')
  }
  const traps = Object.fromEntries(
    Object.getOwnPropertyNames(Reflect).map((trap) => [trap, broken])
  )
  const cycle: Record<string, unknown> = { big: 7n }
  cycle['self'] = cycle
  const fields = new LogFields(redactor, defaultLimits)
  for (const [name, value] of Object.entries({
    list: new Proxy([1], traps),
    object: new Proxy({}, traps),
    nested: { list: new Proxy([1], traps) },
    getter: Object.defineProperty({}, 'x', { get: broken, enumerable: true }),
    cycle,
    symbol: Symbol('s'),
    date: new Date(Number.NaN)
  }))
    fields.add(name, value)
  expect(fields.attributes).toMatchObject({ 'cycle.big': '7', date: 'Invalid Date' })
  expect(Object.keys(fields.attributes).length).toBeLessThan(10)
})
