import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SpanData, TraceRecord } from '../../../src/base/span-data.ts'
import { fileFormats } from '../../../src/file-formats.ts'
import { record } from '../otlp/setup.ts'
import { takeIn } from './setup.ts'

type Format = 'otlp' | 'jaeger' | 'zipkin' | 'chrome'

// A diagram is to look at.
const chain = fc.array(fc.constantFrom<Format>('otlp', 'jaeger', 'zipkin', 'chrome'), {
  minLength: 1,
  maxLength: 4
})

/** Zero is no time to Zipkin, and what happened before 1970 has none. */
const given = record.filter(({ epochMs }) => epochMs > 1e9)

/** Written as one format and read again, and so on. */
async function through(records: readonly TraceRecord[], formats: readonly Format[]) {
  let kept = records
  for (const format of formats) {
    const text = [...(fileFormats[format]?.write(kept, { ids: [], left: 0 }) ?? [])].join('')
    const taken = await takeIn(text)
    expect(taken.problems).toEqual([])
    kept = taken.kept
  }
  return kept
}

// Where version 1 of Zipkin marked the ends of a span, which nobody takes for events; one that says nothing has no annotation.
const isEvent = ({ name, attributes }: SpanData['events'][number]): boolean =>
  attributes.length > 0 || (name !== '' && !/^[cmsw][rs]$/.test(name))

const micros = ({ epochMs }: TraceRecord, nanos: number): bigint =>
  BigInt(epochMs) * 1000n + BigInt(Math.floor(nanos / 1000))

/** What all formats can say. */
function essence(one: TraceRecord, formats: readonly Format[]) {
  const { traceId, resource, spans } = one
  const moments = (list: readonly { readonly time: number }[], names: readonly string[]) =>
    list.map(({ time }, i) => `${micros(one, time)} ${names[i]}`).sort()
  const events = (span: SpanData) =>
    formats.includes('zipkin') ? span.events.filter(isEvent) : span.events
  return spans
    .map((span) => ({
      traceId,
      service: resource.service || 'unknown_service',
      id: span.spanId,
      parent: span.parentId,
      name: span.name,
      kind: span.kind,
      status: span.status,
      start: micros(one, span.start),
      events: moments(
        events(span),
        events(span).map(({ name }) => name)
      ),
      logs: moments(
        span.logs,
        span.logs.map(({ severity, body }) => `${severity} ${body}`)
      ),
      links: formats.includes('zipkin')
        ? []
        : span.links.map(({ traceId, spanId }) => `${traceId} ${spanId}`)
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
}

const durations = (records: readonly TraceRecord[]): number[] =>
  records
    .flatMap(({ spans }) => spans)
    .sort((a, b) => (a.spanId < b.spanId ? -1 : 1))
    .map(({ duration }) => duration)

describe('a trace that was written as one format after another', () => {
  it('keeps its ids, names, times, kinds, status, events, lines and links', async () => {
    await fc.assert(
      fc.asyncProperty(given, chain, async (one, formats) => {
        const read = await through([one], formats)
        expect(read.flatMap((each) => essence(each, formats))).toEqual(essence(one, formats))
        // Two ends that are cut to microseconds, and a Zipkin span that is not without a length.
        for (const [i, duration] of durations(read).entries())
          expect(Math.abs(duration - (durations([one])[i] as number))).toBeLessThan(2000)
      }),
      { numRuns: 150 }
    )
  })

  it('has lost at once what it loses', async () => {
    await fc.assert(
      fc.asyncProperty(given, chain, async (one, formats) => {
        const once = await through([one], formats)
        expect(await through(once, formats)).toEqual(once)
      }),
      { numRuns: 100 }
    )
  })
})
