import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { getString } from '../../../../src/base/attributes.ts'
import { newTraceId, type SpanId, type TraceId } from '../../../../src/base/ids.ts'
import type { SpanData, TraceRecord } from '../../../../src/base/span-data.ts'
import type { TailPolicies } from '../../../../src/interop/export/tail/policies.ts'
import { TailSampler } from '../../../../src/interop/export/tail/tail-sampler.ts'
import { recordOf, spanOf } from '../spans.ts'

const nothing: TailPolicies = {
  errors: false,
  slowMs: Number.POSITIVE_INFINITY,
  ratio: 0,
  routes: [],
  attributes: [],
  tracesPerSecond: undefined
}

const sampler = (policies: Partial<TailPolicies> = {}, recorded = 1, now = () => 0) =>
  new TailSampler({ policies: { ...nothing, ...policies }, recorded, now })

/** Of a trace with the given random bits: 'f' is in every share, '0' in none but the whole. */
const traceOf = (first: string): TraceId =>
  `${newTraceId().slice(0, 18)}${first.padEnd(14, '0')}` as TraceId

const recordBy = (root: Partial<SpanData>, first = '0', ...others: Partial<SpanData>[]) =>
  recordOf([spanOf(root), ...others.map(childOf)], { traceId: traceOf(first) })

const childOf = (more: Partial<SpanData>, i = 0): SpanData =>
  spanOf({
    spanId: `${i + 1}`.padStart(16, '0') as SpanId,
    parentId: '00f067aa0ba902b7' as SpanId,
    flags: 2,
    ...more
  })

const unflagged: Partial<SpanData> = { flags: 2 }
const chosenFor = (made: TraceRecord | undefined) =>
  made && getString((made.spans[0] as SpanData).attributes, 'tailsampling.policy')

describe('tail sampling', () => {
  it('lets failed traces go, whichever span failed', () => {
    const tail = sampler({ errors: true })
    expect(chosenFor(tail.choose(recordBy(unflagged, '0', {}, { status: 2 })))).toBe('errors')
    expect(tail.choose(recordBy(unflagged))).toBeUndefined()
    expect([...tail.counts]).toEqual([
      ['errors', 1],
      ['not chosen', 1]
    ])
  })

  it('lets slow traces go, by their route where it has a measure of its own', () => {
    const routes = [
      { pattern: '/reports/*', slowMs: 5000 },
      { pattern: 'POST /orders', slowMs: 50 }
    ]
    const tail = sampler({ slowMs: 1000, routes })
    const asked = (method: string, route: string, ms: number) =>
      chosenFor(
        tail.choose(
          recordBy({
            ...unflagged,
            duration: ms * 1e6,
            attributes: ['http.request.method', method, 'http.route', route]
          })
        )
      )
    expect(asked('GET', '/', 1000)).toBe('slow')
    expect(asked('GET', '/', 999)).toBeUndefined()
    expect(asked('GET', '/reports/:id', 1000)).toBeUndefined()
    expect(asked('GET', '/reports/:id', 5000)).toBe('slow')
    expect(asked('POST', '/orders', 60)).toBe('slow')
    expect(asked('GET', '/orders', 60)).toBeUndefined()
  })

  it('lets traces go by what a span of theirs carries', () => {
    const tail = sampler({ attributes: [['enduser.id', ['u7', 7]]] })
    const carries = (value: string | number | readonly string[]) =>
      chosenFor(tail.choose(recordBy(unflagged, '0', { attributes: ['enduser.id', value] })))
    expect([carries('u7'), carries(7), carries('u8'), carries(['u1', 'u7'])]).toEqual([
      'attributes',
      'attributes',
      undefined,
      'attributes'
    ])
  })

  it('lets a share of all others go, and none or all of a route that is asked for', () => {
    const routes = [
      { pattern: '/health', ratio: 0 },
      { pattern: '/pay', ratio: 1 }
    ]
    const tail = sampler({ ratio: 0.5, routes })
    const asked = (path: string, first: string, flags: number) =>
      chosenFor(tail.choose(recordBy({ flags, attributes: ['url.path', path] }, first)))
    expect(asked('/', 'f', 3)).toBe('ratio')
    expect(asked('/', '7', 2)).toBeUndefined()
    // The flag was our own, from before the route was known.
    expect(asked('/health', 'f', 3)).toBeUndefined()
    expect(asked('/pay', '0', 2)).toBe('ratio')
  })

  it('follows a parent that has sampled the trace', () => {
    const tail = sampler({ ratio: 0.25 })
    const remote = { parentId: 'a'.repeat(16) as SpanId, parentRemote: true }
    expect(chosenFor(tail.choose(recordBy({ ...remote, flags: 1 })))).toBe('parent')
    expect(tail.choose(recordBy({ ...remote, flags: 0 }))).toBeUndefined()
    // One that has not sampled it chooses nothing for us.
    expect(chosenFor(tail.choose(recordBy({ ...remote, flags: 0 }, 'f')))).toBe('ratio')
    // A caller may decide without a span of its own.
    expect(chosenFor(tail.choose(recordBy({ flags: 1 })))).toBe('parent')
  })

  it('says by which chance a trace was chosen, so that a backend can count the others', () => {
    const stateOf = (tail: TailSampler, root: Partial<SpanData>, first = 'f') =>
      tail.choose(recordBy(root, first))?.spans[0]?.traceState
    const remote = { parentId: 'a'.repeat(16) as SpanId, parentRemote: true, flags: 1 }
    expect(stateOf(sampler({ ratio: 0.25 }), { traceState: 'x=1' })).toBe('ot=th:c,x=1')
    expect(stateOf(sampler({ errors: true }), { status: 2, flags: 2 }, '0')).toBe('ot=th:0')
    // Of what is recorded in half of all traces, a failed one stands for two.
    expect(stateOf(sampler({ errors: true }, 0.5), { status: 2 })).toBe('ot=th:8')
    // The larger share of the two is the chance.
    const parent = { ...remote, traceState: 'ot=th:8' }
    expect(stateOf(sampler({ ratio: 0.25 }), parent)).toBe('ot=th:8')
    expect(stateOf(sampler({ ratio: 0.75 }), parent)).toBe('ot=th:4')
    expect(stateOf(sampler(), parent)).toBe('ot=th:8')
    // Nobody knows it of a parent that does not say, of one that lies, and where a rate decides.
    expect(stateOf(sampler({ ratio: 0.25 }), remote)).toBe('')
    expect(stateOf(sampler(), { ...remote, traceState: 'ot=th:f' }, '8')).toBe('')
    expect(stateOf(sampler({ ratio: 1, tracesPerSecond: 5 }), { traceState: 'ot=th:0' })).toBe('')
  })

  it('leaves the record that is kept here as it was', () => {
    const record = recordBy({ status: 2, traceState: 'x=1' }, '0', {})
    const before = JSON.stringify(record)
    const left = sampler({ errors: true }).choose(record)
    expect(left?.spans).toHaveLength(2)
    expect(JSON.stringify(record)).toBe(before)
  })

  it('lets late spans follow their trace, whatever they are', () => {
    const tail = sampler({ errors: true })
    const [kept, left] = [recordBy({}, '0'), recordBy({ status: 2 }, '0')]
    tail.choose({ ...kept, spans: [spanOf({ flags: 2 })] })
    tail.choose(left)
    const late = (record: TraceRecord, more: Partial<SpanData>) =>
      tail.choose({ ...record, spans: [childOf(more)] })
    expect(late(kept, { status: 2 })).toBeUndefined()
    const followed = late(left, {})
    expect(followed?.spans[0]?.traceState).toBe('ot=th:0')
    expect(chosenFor(followed)).toBe('')
    expect(tail.counts.get('errors')).toBe(1)
  })

  it('never parts a trace, while its decision is remembered', () => {
    const parts = fc.array(
      fc.record({
        trace: fc.nat({ max: 5 }),
        status: fc.constantFrom(0 as const, 2 as const),
        duration: fc.constantFrom(1e6, 2e9),
        flags: fc.constantFrom(2, 3)
      }),
      { maxLength: 60 }
    )
    const policies = fc.record({
      errors: fc.boolean(),
      slowMs: fc.constantFrom(1000, Number.POSITIVE_INFINITY),
      ratio: fc.double({ min: 0, max: 1, noNaN: true }),
      tracesPerSecond: fc.constantFrom(undefined, 1, 3)
    })
    fc.assert(
      fc.property(parts, policies, (records, own) => {
        const tail = sampler(own)
        const ids = Array.from({ length: 6 }, newTraceId)
        const left = new Map<number, boolean>()
        for (const { trace, ...span } of records) {
          const made = recordOf([spanOf(span)], { traceId: ids[trace] as TraceId })
          const leaves = tail.choose(made) !== undefined
          expect(leaves).toBe(left.get(trace) ?? leaves)
          left.set(trace, leaves)
        }
        // Every trace is counted once.
        expect([...tail.counts.values()].reduce((a, b) => a + b, 0)).toBe(left.size)
      })
    )
  })

  it('chooses the same by ratio in all services, whatever else each of them measures', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (ratio) => {
        const [one, other] = [sampler({ ratio }), sampler({ ratio, errors: true, slowMs: 1000 })]
        const traceId = newTraceId()
        const made = recordOf([spanOf({ flags: 2 })], { traceId })
        expect(one.choose(made) === undefined).toBe(other.choose(made) === undefined)
      })
    )
  })

  it('remembers a bounded number of decisions', () => {
    const tail = sampler({ errors: true })
    const first = recordBy({ status: 2 }, '0')
    tail.choose(first)
    const late = { ...first, spans: [childOf({})] }
    expect(tail.choose(late)).toBeDefined()
    for (let i = 0; i < 8192; i++) tail.choose(recordBy(unflagged))
    expect(tail.choose(late)).toBeUndefined()
  })

  it('lets no more go than the rate allows, and counts those', () => {
    let now = 0
    const tail = sampler({ ratio: 1, tracesPerSecond: 2 }, 1, () => now)
    const left = () => tail.choose(recordBy({})) !== undefined
    expect([left(), left(), left()]).toEqual([true, true, false])
    now = 500
    expect([left(), left()]).toEqual([true, false])
    expect(Object.fromEntries(tail.counts)).toEqual({ ratio: 3, 'rate limit': 2 })
  })
})
