import type { ReadonlyAttributes, SpanData, TraceRecord } from '../../../base/span-data.ts'
import { clip } from '../../../base/limits.ts'

// "OTLP Endpoints" of the CloudWatch user guide, "Traces endpoint limits"; a kilobyte is taken for the smaller one.
const spanBytes = 200_000
const requestBytes = 4_800_000
// Of resource and scope together; a scope's name and version have bounds of their own that are far below.
const resourceBytes = 14_000
const hour = 3_600_000
const oldestMs = 14 * 24 * hour
const newestMs = 2 * hour
const spreadMs = 24 * hour

/** Characters, about, of one request; its megabytes are counted when it is written. */
export const xrayBatch = { weight: 750_000 }

/** What X-Ray would take of these records; `over` is told how many spans are cut or left out. */
export function fitXray(
  records: readonly TraceRecord[],
  now: number,
  over: (spans: number) => void
): TraceRecord[] {
  const earliest = Math.max(now - oldestMs, lastOf(records) - spreadMs)
  const most = mostOfSpan(records.flatMap(({ spans }) => spans))
  return records.flatMap((record) => {
    let changed = 0
    const spans = record.spans.flatMap((span) => {
      const start = record.epochMs + span.start / 1e6
      const end = start + span.duration / 1e6
      const fits = start >= earliest && end <= now + newestMs ? fitSpan(span, most) : undefined
      if (fits !== span) changed++
      return fits ?? []
    })
    if (changed > 0) over(changed)
    if (spans.length === 0) return []
    return { ...record, spans, resource: fitResource(record.resource) }
  })
}

function lastOf(records: readonly TraceRecord[]): number {
  let last = 0
  for (const { epochMs, spans } of records)
    for (const { start, duration } of spans)
      last = Math.max(last, epochMs + (start + duration) / 1e6)
  return last
}

function fitResource(resource: TraceRecord['resource']): TraceRecord['resource'] {
  const { attributes } = resource
  let bytes = 100 + Buffer.byteLength(resource.service)
  for (let i = 0; i < attributes.length; i += 2) {
    bytes += 100 + Buffer.byteLength(JSON.stringify(attributes.slice(i, i + 2)))
    if (bytes > resourceBytes) return { ...resource, attributes: attributes.slice(0, i) }
  }
  return resource
}

/** Bytes that each span may take for all of them to fit into a request. */
function mostOfSpan(spans: readonly SpanData[]): number {
  let bytes = 0
  for (const span of spans) bytes += Math.min(spanBytes, sizeOf(span, spanBytes))
  return bytes <= requestBytes ? spanBytes : requestBytes / spans.length
}

/** The span with long texts cut ever shorter, at last without events, logs and links; undefined when even that is too much. */
function fitSpan(span: SpanData, most: number): SpanData | undefined {
  const fits = (one: SpanData): boolean => sizeOf(one, most) <= most
  if (fits(span)) return span
  for (const length of [16_384, 4096, 1024, 256, 64]) {
    const cut = withTexts(span, (text) => clip(text, length))
    if (fits(cut)) return cut
    if (length > 64) continue
    const { events, logs, links } = cut
    const bare = {
      ...cut,
      events: [],
      logs: [],
      links: [],
      droppedEvents: cut.droppedEvents + events.length + logs.length,
      droppedLinks: cut.droppedLinks + links.length
    }
    if (fits(bare)) return bare
  }
  return undefined
}

function withTexts(span: SpanData, cut: (text: string) => string): SpanData {
  const attributes = (list: ReadonlyAttributes): ReadonlyAttributes =>
    list.map((item) => {
      if (typeof item === 'string') return cut(item)
      const texts = Array.isArray(item) && typeof item[0] === 'string'
      return texts ? (item as readonly string[]).map(cut) : item
    })
  return {
    ...span,
    name: cut(span.name),
    statusMessage: cut(span.statusMessage),
    attributes: attributes(span.attributes),
    events: span.events.map((one) => ({ ...one, attributes: attributes(one.attributes) })),
    links: span.links.map((one) => ({ ...one, attributes: attributes(one.attributes) })),
    logs: span.logs.map((one) => ({
      ...one,
      body: cut(one.body),
      attributes: attributes(one.attributes)
    }))
  }
}

/**
 * Bytes as JSON, the larger of the two encodings; what surrounds a value is counted with a little more than it takes. Where even six bytes a
 * character, which only control characters take, would not be too many, that is the answer: to write every span twice would cost too much.
 */
function sizeOf(span: SpanData, most: number): number {
  const quick = sizeBy(span, (text) => text.length * 6)
  return quick <= most / 4 ? quick : sizeBy(span, (text) => Buffer.byteLength(JSON.stringify(text)))
}

function sizeBy(span: SpanData, size: (text: string) => number): number {
  const all = (values: ReadonlyAttributes): number => {
    let bytes = 0
    for (const value of values) {
      bytes += 50
      if (typeof value === 'string') bytes += size(value)
      else if (typeof value === 'object')
        for (const item of value) bytes += 50 + (typeof item === 'string' ? size(item) : 0)
    }
    return bytes
  }
  let bytes = 600 + all([span.name, span.statusMessage, span.traceState, ...span.attributes])
  for (const { name, attributes } of span.events) bytes += 100 + all([name, ...attributes])
  for (const { body, attributes } of span.logs) bytes += 250 + all([body, ...attributes])
  for (const { traceState, attributes } of span.links)
    bytes += 150 + all([traceState, ...attributes])
  return bytes
}
