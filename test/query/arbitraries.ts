import fc from 'fast-check'
import type { SpanData } from '../../src/base/span-data.ts'
import { span } from './fixtures.ts'

/** Spans that claim anything of each other: missing parents, circles, ids that come twice, negative lengths. Times below 60. */
export const anySpans: fc.Arbitrary<SpanData[]> = fc
  .array(
    fc.record({
      id: fc.integer({ min: 1, max: 12 }),
      parent: fc.option(fc.integer({ min: 1, max: 13 }), { nil: undefined }),
      parentRemote: fc.boolean(),
      kind: fc.constantFrom(0 as const, 1 as const, 2 as const),
      open: fc.boolean(),
      start: fc.integer({ min: 0, max: 40 }),
      duration: fc.integer({ min: -3, max: 20 })
    }),
    { minLength: 1, maxLength: 14 }
  )
  .map((seeds) => seeds.map(span))
