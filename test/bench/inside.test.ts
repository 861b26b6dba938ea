import { beforeAll, describe, expect, it } from 'vitest'
import { ensureBuilt } from './build.js'
import { ask, figuresOf, kinds } from './inside/part.js'

describe('the inside part', () => {
  beforeAll(() => ensureBuilt(() => {}), 120_000)

  it.each(Object.keys(kinds))(
    'records what it measures, and nothing without the recorder: %s',
    async (kind) => {
      for (const variant of ['bare', 'spanlight'])
        expect((await ask(variant, kind, 60)).us).toBeTypeOf('number')
    }
  )

  it('takes the differences of the same round', () => {
    const of = (us: number, around = 10) => [{ us, around }]
    const seen = Object.fromEntries(
      Object.keys(kinds).map((kind) => [
        kind,
        {
          bare: of(1),
          spanlight: of(6),
          'without call sites': of(4, 12),
          'without runtime': of(3, 10)
        }
      ])
    )
    const found = new Map(figuresOf(seen).map(({ name, value }) => [name, value]))
    expect(found.get('a query of pg: added')).toBe(3)
    expect(found.get('a query of pg: its call site')).toBe(2)
    expect(found.get('a trace: what the runtime did')).toBe(2)
    // A log line has none.
    expect(found.has('a line of pino: its call site')).toBe(false)
  })
})
