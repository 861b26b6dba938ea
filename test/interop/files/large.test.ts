import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SpanId, TraceId } from '../../../src/base/ids.ts'
import { StatusCode } from '../../../src/base/span-data.ts'
import { documents } from '../../../src/interop/files/documents.ts'
import { ReceivedSpans } from '../../../src/trace/received.ts'
import { decodeSetup } from '../otlp/setup.ts'
import { otlpFile, otlpSpan, takeIn, traceIdOf } from './setup.ts'

const MiB = 1024 * 1024
const many = <T>(count: number, item: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => item(i))
const idOf = (i: number): SpanId => (i + 1).toString(16).padStart(16, '0') as SpanId
const traceId = traceIdOf(7) as TraceId

describe('a file of one large trace', () => {
  it('is kept in records of a few hundred spans, each span once', async () => {
    const spans = many(3000, (i) => otlpSpan(1 + (i % 2000), { traceId }))
    const { kept, names, known, ...counts } = await takeIn(JSON.stringify(otlpFile(...spans)))
    expect(new Set(names).size).toBe(2000)
    expect(names).toHaveLength(2000)
    expect(Math.max(...kept.map((record) => record.spans.length))).toBeLessThanOrEqual(512)
    expect([counts.spans, known]).toEqual([2000, 0])
  })

  it('adds only what is not in memory', async () => {
    const spans = many(2000, (i) => otlpSpan(i + 1, { traceId }))
    const there = [many(700, idOf), many(700, (i) => idOf(i + 700))]
    const asked: TraceId[] = []
    const taken = await takeIn(JSON.stringify(otlpFile(...spans)), (id) => {
      asked.push(id)
      return there
    })
    expect(taken).toMatchObject({ spans: 2000, known: 1400 })
    expect(taken.names).toEqual(many(600, (i) => `span ${i + 1401}`))
    expect(asked).toEqual([traceId])
  })

  it('is in the order of time, what was called from elsewhere first', () => {
    const one = fc.record({ start: fc.nat(300), remote: fc.boolean() })
    fc.assert(
      fc.property(fc.array(one, { minLength: 2049, maxLength: 2600, size: 'max' }), (given) => {
        const setup = decodeSetup()
        const received = new ReceivedSpans({
          ...setup,
          limits: { ...setup.limits, spansPerTrace: 1e5 }
        })
        const sender = received.sender('shop', [])
        for (const [i, { start, remote }] of given.entries()) {
          const begin = 1_700_000_000_000_000_000n + BigInt(start * 1e5)
          received.add(sender, { traceId, spanId: idOf(i), start: begin }, (epoch) => ({
            span: { ...plain, spanId: idOf(i), parentRemote: remote, start: Number(begin - epoch) },
            droppedSpans: 0
          }))
        }
        const work = received.finish(0, '', 0)
        let [step, steps] = [work.next(), 0]
        for (; step.done !== true; step = work.next()) steps++
        const expected = [...given.entries()].sort(
          ([i, a], [j, b]) => a.start - b.start || Number(b.remote) - Number(a.remote) || i - j
        )
        const [record] = step.value.records
        expect(record?.spans.map(({ spanId }) => spanId)).toEqual(expected.map(([i]) => idOf(i)))
        expect(steps).toBeGreaterThan(2)
      }),
      { numRuns: 5 }
    )
  })
})

const plain = {
  parentId: undefined,
  name: 'x',
  kind: 0 as const,
  duration: 1,
  open: false,
  status: StatusCode.unset,
  statusMessage: '',
  traceState: '',
  flags: 1,
  scope: { name: '', version: '' },
  attributes: [],
  events: [],
  links: [],
  logs: [],
  droppedAttributes: 0,
  droppedEvents: 0,
  droppedLinks: 0
}

describe('a file of many parts', () => {
  it('of Zipkin is read to its end', async () => {
    const file = many(51_000, (i) => ({
      traceId: '7',
      id: idOf(i),
      name: 'x',
      timestamp: 1e15 + i
    }))
    expect(await takeIn(JSON.stringify(file))).toMatchObject({ spans: 51_000, problems: [] })
  })

  it('of trace events is read to its end', async () => {
    const event = (i: number): object => ({
      ph: 'X',
      name: 'x',
      ts: i * 10,
      dur: 9,
      pid: 1,
      tid: 1
    })
    const traceEvents = many(51_000, event)
    expect(await takeIn(JSON.stringify({ traceEvents }))).toMatchObject({
      spans: 51_000,
      problems: []
    })
  })
})

describe('a span of more than 4 MiB', () => {
  const large = otlpSpan(2, {
    traceId,
    attributes: [{ key: 'a', value: { stringValue: 'x'.repeat(4 * MiB) } }]
  })

  it('is left out, and named; the others are kept', async () => {
    const file = otlpFile(otlpSpan(1, { traceId }), large, otlpSpan(3, { traceId }))
    const text = JSON.stringify(file, null, 1)
    const { names, problems } = await takeIn(text)
    const line = text.split('\n').findIndex((row) => row.includes('"span 2"')) - 2
    expect(names).toEqual(['span 1', 'span 3'])
    expect(problems).toEqual([
      { line, column: 7, why: 'this is larger than the 4 MiB that are read of a span' }
    ])
  })
})

describe('lines of a file', () => {
  const placesOf = (text: string): { found: string[]; pauses: number } => {
    const body = Buffer.from(text)
    const all = [...documents(body)]
    const found = all.filter((place) => place !== undefined)
    return {
      found: found.map(
        ({ begin, end, line }) =>
          `${line}: ${body.toString('latin1', begin, begin + 6)} ${end - begin}`
      ),
      pauses: all.length - found.length
    }
  }

  it('may be longer than what is looked at in one go', () => {
    const long = `{"a":"${'x'.repeat(3 * MiB)}"}`
    const { found, pauses } = placesOf(`\n${long}\r\n\n${long}\n{"a":1}`)
    expect(found).toEqual([`2: {"a":" ${long.length}`, `4: {"a":" ${long.length}`, '5: {"a":1 7'])
    expect(pauses).toBeGreaterThanOrEqual(6)
  })

  it('may be empty, as many as there are', () => {
    const { found, pauses } = placesOf('\n'.repeat(100_000) + '{"a":1}')
    expect(found).toEqual(['100001: {"a":1 7'])
    expect(pauses).toBeGreaterThan(20)
  })
})
