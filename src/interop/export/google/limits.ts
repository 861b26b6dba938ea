import type { AttributeValue } from '../../../base/attributes.ts'
import type { ReadonlyAttributes, SpanData, TraceRecord } from '../../../base/span-data.ts'

// "Quotas and limits" of Google Cloud Observability, "Limits for ingestion of traces".
const nameBytes = 1024
const keyBytes = 512
const valueBytes = 64 * 1024
// Two less than it is: the encoder adds as many to a log, which becomes an event, and one to a span that others are missing of.
const mostAttributes = 1022
const mostEvents = 256
const mostLinks = 128
/** Of a resource, its spans and all that is in them. */
const mostOfResource = 8192

/** What Google takes of these records, in the parts that it takes; `over` is told how many spans are cut. */
export function fitGoogle(
  records: readonly TraceRecord[],
  over: (spans: number) => void
): TraceRecord[] {
  return records.flatMap((record) => {
    const resource = {
      ...record.resource,
      attributes: fitAttributes(record.resource.attributes).list
    }
    // One more is the service's name.
    const room = mostOfResource - resource.attributes.length / 2 - 1
    const spans = record.spans.map((span) => fitSpan(span, room))
    const changed = spans.filter((span, i) => span !== record.spans[i]).length
    if (changed > 0) over(changed)
    return partsOf(spans, room).map((part, i) => ({
      ...record,
      resource,
      spans: part,
      droppedSpans: i === 0 ? record.droppedSpans : 0
    }))
  })
}

function partsOf(spans: readonly SpanData[], room: number): SpanData[][] {
  const parts: SpanData[][] = []
  let left = 0
  for (const span of spans) {
    const count = attributesIn(span)
    if (parts.length === 0 || count > left) {
      parts.push([])
      left = room
    }
    parts.at(-1)?.push(span)
    left -= count
  }
  return parts
}

// A log is an event with two attributes of its own, and a span may get one that says how many spans are missing.
function attributesIn({ attributes, events, links, logs }: SpanData): number {
  const inLists = [...events, ...links, ...logs].reduce(
    (sum, one) => sum + one.attributes.length / 2,
    0
  )
  return 1 + attributes.length / 2 + inLists + 2 * logs.length
}

/** The span itself when it keeps all limits. */
function fitSpan(span: SpanData, room: number): SpanData {
  const { list, dropped, changed } = fitAttributes(span.attributes)
  const name = cutText(span.name, nameBytes)
  const links = fitList(span.links, mostLinks)
  const events = fitList(span.events, mostEvents)
  const logs = fitList(span.logs, mostEvents - events.list.length)
  const same = !changed && name === span.name
  if (same && !links.changed && !events.changed && !logs.changed && attributesIn(span) <= room)
    return span
  const fitted = {
    ...span,
    name,
    attributes: list,
    events: events.list,
    logs: logs.list,
    links: links.list,
    droppedAttributes: span.droppedAttributes + dropped
  }
  while (attributesIn(fitted) > room && fitted.logs.length > 0)
    fitted.logs = fitted.logs.slice(0, -1)
  while (attributesIn(fitted) > room && fitted.events.length > 0)
    fitted.events = fitted.events.slice(0, -1)
  while (attributesIn(fitted) > room && fitted.links.length > 0)
    fitted.links = fitted.links.slice(0, -1)
  const gone = span.events.length + span.logs.length - fitted.events.length - fitted.logs.length
  return {
    ...fitted,
    droppedEvents: span.droppedEvents + gone,
    droppedLinks: span.droppedLinks + span.links.length - fitted.links.length
  }
}

interface Listed {
  readonly attributes: ReadonlyAttributes
  readonly name?: string
  readonly body?: string
}

function fitList<T extends Listed>(
  list: readonly T[],
  most: number
): { list: readonly T[]; changed: boolean } {
  let changed = list.length > most
  const fitted = list.slice(0, most).map((one) => {
    const attributes = fitAttributes(one.attributes)
    const name = one.name && cutText(one.name, nameBytes)
    const body = one.body && cutText(one.body, valueBytes)
    if (!attributes.changed && name === one.name && body === one.body) return one
    changed = true
    return { ...one, ...(name && { name }), ...(body && { body }), attributes: attributes.list }
  })
  return { list: changed ? fitted : list, changed }
}

function fitAttributes(attributes: ReadonlyAttributes): {
  list: ReadonlyAttributes
  dropped: number
  changed: boolean
} {
  const list: (string | AttributeValue)[] = []
  let changed = false
  for (let i = 0; i < attributes.length; i += 2) {
    const key = attributes[i] as string
    const value = attributes[i + 1] as AttributeValue
    if (list.length === 2 * mostAttributes || Buffer.byteLength(key) > keyBytes) continue
    const cut = cutValue(value)
    changed ||= cut !== value
    list.push(key, cut)
  }
  const dropped = (attributes.length - list.length) / 2
  return changed || dropped > 0
    ? { list, dropped, changed: true }
    : { list: attributes, dropped, changed }
}

function cutValue(value: AttributeValue): AttributeValue {
  if (typeof value === 'string') return cutText(value, valueBytes)
  if (!Array.isArray(value)) return value
  let left = valueBytes
  const end = (value as readonly unknown[]).findIndex((item) => {
    left -= typeof item === 'string' ? Buffer.byteLength(item) : 8
    return left < 0
  })
  return end < 0 ? value : (value.slice(0, end) as AttributeValue)
}

/** Never in the middle of a character. */
function cutText(text: string, bytes: number): string {
  if (text.length * 3 <= bytes || Buffer.byteLength(text) <= bytes) return text
  const buffer = Buffer.from(text)
  let end = bytes
  while (((buffer[end] as number) & 0xc0) === 0x80) end--
  return buffer.toString('utf8', 0, end)
}
