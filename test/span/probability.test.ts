import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newTraceId, type TraceId } from '../../src/base/ids.ts'
import {
  randomnessOf,
  readThreshold,
  thresholdOf,
  withThreshold
} from '../../src/span/probability.ts'
import { ratioBeginning, ratioSampler } from '../../src/span/sampler.ts'

const hex = (length: number) =>
  fc.string({
    unit: fc.integer({ min: 0, max: 15 }).map((digit) => digit.toString(16)),
    minLength: length,
    maxLength: length
  })
const traceIds = hex(32) as fc.Arbitrary<TraceId>
const ratios = fc.double({ min: 0, max: 1, noNaN: true })

describe('the share of traces', () => {
  it('is decided by the trace id alone, the same in every process', () => {
    fc.assert(
      fc.property(traceIds, ratios, (id, ratio) => {
        expect(ratioSampler(ratio)(id)).toBe(ratioSampler(ratio)(id))
        // As OpenTelemetry's specification has it, with whole numbers.
        const threshold = BigInt(Math.ceil((1 - ratio) * 2 ** 52)) << 4n
        expect(ratioSampler(ratio)(id)).toBe(BigInt(`0x${id.slice(18)}`) >= threshold)
      })
    )
  })

  it('holds all that a smaller share holds', () => {
    fc.assert(
      fc.property(traceIds, ratios, ratios, (id, a, b) => {
        const [less, more] = a < b ? [a, b] : [b, a]
        if (ratioSampler(less)(id)) expect(ratioSampler(more)(id)).toBe(true)
      })
    )
  })

  it('is as large as it is said to be', () => {
    const samples = ratioSampler(0.2)
    let chosen = 0
    for (let i = 0; i < 20_000; i++) if (samples(newTraceId())) chosen++
    // Six standard deviations.
    expect(Math.abs(chosen - 4000)).toBeLessThan(340)
    expect(ratioSampler(0)('f'.repeat(32) as TraceId)).toBe(false)
    expect(ratioSampler(1)('0'.repeat(32) as TraceId)).toBe(true)
  })
})

describe("OpenTelemetry's entry of a tracestate", () => {
  it.each([
    [1, 'ot=th:0'],
    [0.5, 'ot=th:8'],
    [0.25, 'ot=th:c'],
    [0.1, 'ot=th:e666666666667'],
    [0, '']
  ])('says by which chance a trace was sampled: %d', (ratio, text) => {
    expect(withThreshold('', thresholdOf(ratio))).toBe(text)
    expect(readThreshold(text)).toBe(thresholdOf(ratio))
  })

  it('keeps what else stands there, and stands first', () => {
    expect(withThreshold('a=1,ot=p:8;th:c;rv:00000000000001,b=2', '80000000000000')).toBe(
      'ot=th:8;p:8;rv:00000000000001,a=1,b=2'
    )
    expect(withThreshold('a=1,ot=th:c', undefined)).toBe('a=1')
    expect(withThreshold('a=1', undefined)).toBe('a=1')
  })

  it('may hold the randomness itself', () => {
    const id = '4bf92f3577b34da6a3ce929d0e0e4736' as TraceId
    expect(randomnessOf(id)).toBe('ce929d0e0e4736')
    expect(randomnessOf(id, 'x=1,ot=th:8;rv:0123456789abcd')).toBe('0123456789abcd')
    expect(randomnessOf(id, 'ot=rv:0123')).toBe('ce929d0e0e4736')
  })

  it('is read back as it was written, whatever surrounds it', () => {
    const others = fc.array(fc.constantFrom('a=1', 'b@c=ot', 'dot=th:1', 'z=th:2'), {
      maxLength: 3
    })
    fc.assert(
      fc.property(others, ratios, (members, ratio) => {
        const written = withThreshold([...new Set(members)].join(','), thresholdOf(ratio))
        expect(readThreshold(written)).toBe(thresholdOf(ratio))
      })
    )
  })

  it('is no reason to throw, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), hex(14), (text, threshold) => {
        for (const state of [text, `ot=${text}`, `ot=th:${text},${text}`]) {
          readThreshold(state)
          withThreshold(state, threshold)
        }
      })
    )
  })
})

describe('a trace that begins here', () => {
  it('tells those after it whether and by which chance it was sampled', () => {
    const begin = ratioBeginning(0.5)
    const sampled = begin('000000000000000000ffffffffffffff' as TraceId)
    expect(sampled.sampled).toBe(true)
    expect(sampled.traceState?.serialize()).toBe('ot=th:8')
    const not = begin('ffffffffffffffffff00000000000000' as TraceId)
    expect(not).toEqual({ sampled: false, traceState: undefined })
  })
})
