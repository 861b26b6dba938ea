import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SpanId, TraceId } from '../../src/base/ids.ts'
import { type Carried, outgoing } from '../../src/carrier/carried.ts'
import {
  formatNames,
  headerFormats,
  type HeaderFormatName,
  readCarried,
  readFields
} from '../../src/carrier/formats.ts'

const trace = '463ac35c9f6413ad48485a3953bb6124' as TraceId
const half = '48485a3953bb6124'
const span = 'a2fb4a1d1a96d312' as SpanId
const decimal = '11744061942159299346'

const parent = (sampled: boolean, ids: { traceId?: string; spanId?: string } = {}): Carried =>
  ({
    parent: {
      traceId: ids.traceId ?? trace,
      spanId: ids.spanId ?? span,
      traceFlags: sampled ? 1 : 0,
      isRemote: true
    }
  }) as Carried
const padded = { traceId: `${'0'.repeat(16)}${half}` }
const nothing = undefined

function read(format: HeaderFormatName, headers: Record<string, unknown>): Carried | undefined {
  return headerFormats[format].read(headers as never)
}

/** One row is one rule of the format's specification. */
type Case = [why: string, header: string, carries: Carried | undefined]

function table(name: string, format: HeaderFormatName, header: string, cases: Case[]): void {
  describe(name, () => {
    it.each(cases)('reads %s', (_why, text, carries) => {
      expect(read(format, { [header]: text })).toEqual(carries)
    })

    it.each([
      ['an absent header', undefined],
      ['an empty one', ''],
      ['one that was sent twice', `${cases[0]?.[1]}, ${cases[0]?.[1]}`],
      ['one that is a list', [cases[0]?.[1]]],
      ['one that is longer than any valid one', `${cases[0]?.[1]}${' '.repeat(600)}`]
    ])('takes nothing from %s', (_why, value) => {
      expect(read(format, { [header]: value })).toBeUndefined()
    })
  })
}

table('b3 in one header', 'b3', 'b3', [
  ['both ids and that it is sampled', `${trace}-${span}-1`, parent(true)],
  ['the parent’s span id, which is of no use', `${trace}-${span}-1-05e3ac9a4f6e3b90`, parent(true)],
  ['that it is not sampled', `${trace}-${span}-0`, parent(false)],
  ['ids whose sender leaves the decision to us', `${trace}-${span}`, parent(true)],
  ['that it is debugged', `${trace}-${span}-d`, { ...parent(true), debug: true }],
  ['a 64-bit trace id', `${half}-${span}-1`, parent(true, padded)],
  ['upper case', `${trace}-${span}-1`.toUpperCase(), parent(true)],
  ['white space around it', ` ${trace}-${span}-1\t`, parent(true)],
  ['a denial without ids', '0', { sampled: false }],
  ['a wish without ids', '1', { sampled: true }],
  ['a debug wish without ids', 'd', { sampled: true, debug: true }],
  ['nothing from another state', `${trace}-${span}-2`, nothing],
  ['nothing from a bad parent', `${trace}-${span}-1-05e3`, nothing],
  ['nothing from a trace id of zeros', `${'0'.repeat(32)}-${span}-1`, nothing],
  ['nothing from a span id of zeros', `${trace}-${'0'.repeat(16)}-1`, nothing],
  ['nothing from a trace id of 20 digits', `${trace.slice(0, 20)}-${span}-1`, nothing],
  ['nothing from what is not hex', `${'g'.repeat(32)}-${span}-1`, nothing],
  ['nothing from a trace id alone', trace, nothing]
])

describe('b3 in a header each', () => {
  const ids = { 'x-b3-traceid': trace, 'x-b3-spanid': span }

  it.each([
    ['both ids and that it is sampled', { ...ids, 'x-b3-sampled': '1' }, parent(true)],
    ['that it is not sampled', { ...ids, 'x-b3-sampled': '0' }, parent(false)],
    ['the words of early tracers', { ...ids, 'x-b3-sampled': 'False' }, parent(false)],
    ['ids whose sender leaves the decision to us', ids, parent(true)],
    ['that it is debugged', { ...ids, 'x-b3-flags': '1' }, { ...parent(true), debug: true }],
    [
      'debug before a denial',
      { ...ids, 'x-b3-flags': '1', 'x-b3-sampled': '0' },
      { ...parent(true), debug: true }
    ],
    ['a 64-bit trace id', { ...ids, 'x-b3-traceid': half }, parent(true, padded)],
    ['other flags as none', { ...ids, 'x-b3-flags': '0', 'x-b3-sampled': '0' }, parent(false)],
    [
      'the parent’s span id, which is of no use',
      { ...ids, 'x-b3-parentspanid': 'zzz' },
      parent(true)
    ],
    ['a denial without ids', { 'x-b3-sampled': '0' }, { sampled: false }],
    ['a debug wish without ids', { 'x-b3-flags': '1' }, { sampled: true, debug: true }],
    ['nothing from a trace id alone', { 'x-b3-traceid': trace }, nothing],
    ['nothing from a span id alone', { 'x-b3-spanid': span }, nothing],
    ['nothing from a bad trace id', { ...ids, 'x-b3-traceid': `${trace}0` }, nothing],
    ['nothing from a bad span id', { ...ids, 'x-b3-spanid': 'a2fb4a1d1a96d31' }, nothing],
    ['nothing from nothing', {}, nothing]
  ])('reads %s', (_why, headers, carries) => {
    expect(read('b3multi', headers)).toEqual(carries)
  })
})

table('uber-trace-id', 'jaeger', 'uber-trace-id', [
  ['both ids and that it is sampled', `${trace}:${span}:0:1`, parent(true)],
  ['that it is not sampled', `${trace}:${span}:0:0`, parent(false)],
  ['that it is debugged', `${trace}:${span}:0:3`, { ...parent(true), debug: true }],
  ['debug alone as sampled', `${trace}:${span}:0:2`, { ...parent(true), debug: true }],
  ['flags of two digits, others ignored', `${trace}:${span}:0:09`, parent(true)],
  ['colons that are percent-encoded', `${trace}%3A${span}%3a0%3A1`, parent(true)],
  [
    'ids without leading zeros',
    `1f:2e:0:1`,
    parent(true, { traceId: '1f'.padStart(32, '0'), spanId: '2e'.padStart(16, '0') })
  ],
  ['a 64-bit trace id', `${half}:${span}:0:1`, parent(true, padded)],
  ['a parent’s id, which is of no use', `${trace}:${span}:05e3ac9a4f6e3b90:1`, parent(true)],
  ['no parent’s id', `${trace}:${span}::1`, parent(true)],
  ['upper case', `${trace}:${span}:0:1`.toUpperCase(), parent(true)],
  ['nothing from a trace id of zeros', `0:${span}:0:1`, nothing],
  ['nothing from a span id of zeros', `${trace}:0:0:1`, nothing],
  ['nothing from an id that is too long', `${trace}1:${span}:0:1`, nothing],
  ['nothing from three parts', `${trace}:${span}:1`, nothing],
  ['nothing from flags that are not hex', `${trace}:${span}:0:x`, nothing]
])

const root = `Root=1-${trace.slice(0, 8)}-${trace.slice(8)}`

table('X-Amzn-Trace-Id', 'xray', 'x-amzn-trace-id', [
  ['both ids and that it is sampled', `${root};Parent=${span};Sampled=1`, parent(true)],
  ['that it is not sampled', `${root};Parent=${span};Sampled=0`, parent(false)],
  ['that it asks for a decision', `${root};Parent=${span};Sampled=?`, parent(true)],
  ['ids whose sender leaves the decision to us', `${root};Parent=${span}`, parent(true)],
  ['parts in any order, with spaces', `Sampled=0 ; Parent=${span}; ${root}`, parent(false)],
  ['names in any case', `root=${root.slice(5)};parent=${span};sampled=1`, parent(true)],
  [
    'parts that it does not know',
    `Self=1-67891234-12456789abcdef012345678;${root};Parent=${span};Sampled=1;Lineage=a:0`,
    parent(true)
  ],
  ['a load balancer’s root alone', root, { traceId: trace }],
  ['a root and a decision', `${root};Sampled=0`, { traceId: trace, sampled: false }],
  ['a root whose parent is empty', `${root};Parent=;Sampled=1`, { traceId: trace, sampled: true }],
  ['nothing without a root', `Parent=${span};Sampled=1`, nothing],
  ['nothing from a bad parent', `${root};Parent=zz;Sampled=1`, nothing],
  ['nothing from another version', `Root=2-${trace.slice(0, 8)}-${trace.slice(8)}`, nothing],
  ['nothing from a root of zeros', `Root=1-00000000-${'0'.repeat(24)}`, nothing]
])

table('X-Cloud-Trace-Context', 'google', 'x-cloud-trace-context', [
  ['both ids and that it is sampled', `${trace}/${decimal};o=1`, parent(true)],
  ['that it is not sampled', `${trace}/${decimal};o=0`, parent(false)],
  ['ids whose sender leaves the decision to us', `${trace}/${decimal}`, parent(true)],
  ['other options, of which one bit counts', `${trace}/${decimal};o=3`, parent(true)],
  ['a small span id', `${trace}/1;o=1`, parent(true, { spanId: '0000000000000001' })],
  [
    'the largest span id',
    `${trace}/18446744073709551615;o=1`,
    parent(true, { spanId: 'f'.repeat(16) })
  ],
  ['upper case', `${trace.toUpperCase()}/${decimal};o=1`, parent(true)],
  ['a trace alone', trace, { traceId: trace }],
  ['a trace and a decision', `${trace};o=0`, { traceId: trace, sampled: false }],
  ['a span id of zero as none', `${trace}/0;o=1`, { traceId: trace, sampled: true }],
  ['nothing from a span id beyond 64 bits', `${trace}/18446744073709551616;o=1`, nothing],
  ['nothing from a span id that is hex', `${trace}/${span};o=1`, nothing],
  ['nothing from a short trace id', `${half}/${decimal};o=1`, nothing],
  ['nothing from a trace of zeros', `${'0'.repeat(32)}/${decimal};o=1`, nothing],
  ['nothing from options without a number', `${trace}/${decimal};o=`, nothing]
])

const hex = (length: number): fc.Arbitrary<string> =>
  fc
    .string({
      unit: fc.constantFrom(...'0123456789abcdef'.split('')),
      minLength: length,
      maxLength: length
    })
    .filter((text) => !/^0+$/.test(text))

describe('every format', () => {
  const sent = fc.record({
    traceId: hex(32) as fc.Arbitrary<TraceId>,
    spanId: hex(16) as fc.Arbitrary<SpanId>,
    traceFlags: fc.constantFrom(0, 1, 2, 3)
  })

  it.each(formatNames)('%s reads what it wrote: ids, decision, debug', (name) => {
    const format = headerFormats[name]
    const keepsDebug = name === 'b3' || name === 'b3multi' || name === 'jaeger'
    fc.assert(
      fc.property(sent, fc.boolean(), (context, debug) => {
        const headers: Record<string, string> = {}
        const out = outgoing(context, debug)
        expect(out).toBeDefined()
        format.write(out as NonNullable<typeof out>, (field, value) => {
          expect(format.fields).toContain(field)
          expect(value).toMatch(/^[!-~]+$/)
          headers[field] = value
        })
        const carried = format.read(headers)
        expect(carried?.parent?.traceId).toBe(context.traceId)
        expect(carried?.parent?.spanId).toBe(context.spanId)
        expect((carried?.parent?.traceFlags ?? 0) & 1).toBe(debug ? 1 : context.traceFlags & 1)
        expect(carried?.debug).toBe(debug && keepsDebug ? true : undefined)
      })
    )
  })

  it('takes anything at all without an exception, and gives valid ids or none', () => {
    const piece = fc.oneof(
      hex(32),
      hex(16),
      fc.constantFrom(
        '-',
        ':',
        ';',
        '/',
        '=',
        'Root=1-',
        'Parent=',
        'Sampled=',
        'o=',
        '%3A',
        'd',
        '1',
        ',',
        ' '
      ),
      fc.string({ unit: 'binary', maxLength: 8 })
    )
    const value = fc.oneof(
      fc.array(piece, { maxLength: 8 }).map((parts) => parts.join('')),
      fc.anything()
    )
    const headers = fc.dictionary(fc.constantFrom(...readFields), value)
    fc.assert(
      fc.property(headers, (given) => {
        const carried = readCarried(given as never)
        if (carried?.parent !== undefined) {
          expect(carried.parent.traceId).toMatch(/^(?!0+$)[\da-f]{32}$/)
          expect(carried.parent.spanId).toMatch(/^(?!0+$)[\da-f]{16}$/)
        }
        if (carried?.traceId !== undefined) expect(carried.traceId).toMatch(/^[\da-f]{32}$/)
      }),
      { numRuns: 2000 }
    )
  })
})

describe('headers of several formats', () => {
  const other = 'f'.repeat(32)
  const all = {
    traceparent: `00-${trace}-${span}-01`,
    b3: `${other.replace(/^./, '1')}-${span}-1`,
    'x-b3-traceid': other.replace(/^./, '2'),
    'x-b3-spanid': span,
    'uber-trace-id': `${other.replace(/^./, '3')}:${span}:0:1`,
    'x-amzn-trace-id': `Root=1-4${other.slice(0, 7)}-${other.slice(8)}`,
    'x-cloud-trace-context': `${other.replace(/^./, '5')}/1;o=1`
  }

  it('are read in the order of the table: the first that carries a trace counts', () => {
    const given: Record<string, string> = { ...all }
    const seen: string[] = []
    for (;;) {
      const carried = readCarried(given)
      if (carried === undefined) break
      seen.push(((carried.parent?.traceId ?? carried.traceId) as string).slice(0, 1))
      const next = formatNames.find((name) => headerFormats[name].read(given) !== undefined)
      for (const field of headerFormats[next as HeaderFormatName].fields) delete given[field]
    }
    expect(seen.join('')).toBe('412345')
  })

  it('that are broken leave the others their say', () => {
    expect(readCarried({ ...all, traceparent: 'x' })?.parent?.traceId).toMatch(/^1/)
  })

  it('with a decision alone give way to a trace', () => {
    expect(readCarried({ b3: '0', 'x-amzn-trace-id': root })).toEqual({ traceId: trace })
    expect(readCarried({ b3: '0', 'uber-trace-id': 'x' })).toEqual({ sampled: false })
  })
})
