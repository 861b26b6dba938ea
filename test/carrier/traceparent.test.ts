import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { outgoing } from '../../src/carrier/carried.ts'
import { formatTraceparent, parseTraceparent } from '../../src/carrier/traceparent.ts'

const trace = '12345678901234567890123456789012'
const span = '1234567890123456'

describe('a traceparent is read', () => {
  test.each([
    ['not sampled', `00-${trace}-${span}-00`, 0],
    ['sampled', `00-${trace}-${span}-01`, 1],
    ['random', `00-${trace}-${span}-02`, 2],
    ['sampled and random', `00-${trace}-${span}-03`, 3],
    ['with flags that are not defined', `00-${trace}-${span}-ff`, 3],
    ['of a later version', `cc-${trace}-${span}-01`, 1],
    ['of a later version with more fields', `cc-${trace}-${span}-01-what-comes-then`, 1],
    ['of a later version with an empty field', `01-${trace}-${span}-01-`, 1],
    ['after a space', ` 00-${trace}-${span}-01`, 1],
    ['between tabs and spaces', `\t 00-${trace}-${span}-01 \t`, 1]
  ])('%s', (_case, header, flags) => {
    expect(parseTraceparent(header)).toEqual({ traceId: trace, spanId: span, traceFlags: flags })
  })
})

describe('a traceparent is refused', () => {
  test.each([
    ['empty', ''],
    ['version ff', `ff-${trace}-${span}-01`],
    ['version 00 with one more character', `00-${trace}-${span}-01.`],
    ['version 00 with one more dash', `00-${trace}-${span}-01-`],
    ['version 00 with more fields', `00-${trace}-${span}-01-what-comes-then`],
    ['later version without the dash', `cc-${trace}-${span}-01.what-comes-then`],
    ['later version that is too short', `cc-${trace}-${span}-0`],
    ['illegal version', `.0-${trace}-${span}-01`],
    ['illegal version at its end', `0.-${trace}-${span}-01`],
    ['upper-case version', `CC-${trace}-${span}-01`],
    ['version too long', `000-${trace}-${span}-01`],
    ['version too short', `0-${trace}-${span}-01`],
    ['zero trace id', `00-${'0'.repeat(32)}-${span}-01`],
    ['illegal trace id', `00-.2345678901234567890123456789012-${span}-01`],
    ['upper-case trace id', `00-${'A'.repeat(32)}-${span}-01`],
    ['trace id too long', `00-${trace}3-${span}-01`],
    ['trace id too short', `00-${trace.slice(1)}-${span}-01`],
    ['zero span id', `00-${trace}-${'0'.repeat(16)}-01`],
    ['illegal span id', `00-${trace}-.234567890123456-01`],
    ['span id too long', `00-${trace}-${span}7-01`],
    ['span id too short', `00-${trace}-${span.slice(1)}-01`],
    ['illegal flags', `00-${trace}-${span}-.0`],
    ['flags too long', `00-${trace}-${span}-001`],
    ['flags too short', `00-${trace}-${span}-1`],
    ['two of them, joined', `00-${trace}-${span}-01, 00-${trace}-${span}-01`],
    ['a no-break space before', `\u00a000-${trace}-${span}-01`],
    ['a line feed behind', `00-${trace}-${span}-01\n`],
    ['digits of another script', `00-${'١'.repeat(32)}-${span}-01`]
  ])('%s', (_case, header) => {
    expect(parseTraceparent(header)).toBeUndefined()
  })
})

test('whatever is accepted can be sent, and reads the same again', () => {
  const hex = (length: number): fc.Arbitrary<string> =>
    fc.string({
      unit: fc.constantFrom(...'0123456789abcdef'.split('')),
      minLength: length,
      maxLength: length
    })
  const near = fc
    .tuple(hex(2), hex(32), hex(16), hex(2), fc.constantFrom('', '-', '-x', '.', ' ', ', '))
    .map(
      ([version, traceId, spanId, flags, end]) => `${version}-${traceId}-${spanId}-${flags}${end}`
    )
  fc.assert(
    fc.property(fc.oneof(fc.string(), near), (header) => {
      const parsed = parseTraceparent(header)
      if (parsed === undefined) return
      const sent = formatTraceparent(parsed)
      expect(sent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]$/)
      expect(parseTraceparent(sent as string)).toEqual(parsed)
    }),
    { numRuns: 2000 }
  )
})

test.each([
  ['a zero trace id', '0'.repeat(32), span],
  ['a zero span id', trace, '0'.repeat(16)],
  ['ids that are no strings', 1, undefined]
])('%s is not sent', (_case, traceId, spanId) => {
  expect(outgoing({ traceId, spanId, traceFlags: 1 } as never, false)).toBeUndefined()
})
