import { count, field, list, text } from '../../base/fields.ts'
import { readSpanId, readTraceId, type SpanId } from '../../base/ids.ts'
import type { SpanEvent, SpanKind, SpanLink, SpanLog, StatusCode } from '../../base/span-data.ts'
import { severities } from '../../trace/own-names.ts'
import { after, type Movable, type MovableSpan, type SpanIdentity } from '../../trace/received.ts'
import { type AttributeRules, putReceived } from '../../trace/received-attributes.ts'
import { spanKinds } from '../../wire/trace.ts'
import { readObject } from './decode-attributes.ts'
import type { Slice } from './trace-file.ts'

export interface Place {
  readonly identity: SpanIdentity
  /** Of the slice around it. */
  readonly parentId: SpanId | undefined
  /** The name of its thread; '' for none. */
  readonly thread: string
  readonly epoch: bigint
  /** Nanoseconds since 1970 of a time of the file. */
  readonly timeOf: (micros: number) => bigint
}

const statusNames = ['', 'ok', 'error']

// W3C Trace Context asks for 512 characters at least; a longer one is left out whole, as half of one means something else.
const maxTraceState = 512

/** A slice as a span. What of `args` is ours is read as such; those of others are its attributes. */
export function readSlice(slice: Slice, place: Place, rules: AttributeRules): MovableSpan {
  const { limits, redactor } = rules
  const { identity, epoch, timeOf } = place
  const own = slice.own === undefined ? undefined : slice.args
  const scope = field(own, 'scope')
  const dropped = field(own, 'dropped')
  const { attributes, dropped: left } = readObject(
    own ? field(own, 'attributes') : slice.args,
    rules
  )
  if (own === undefined && place.thread !== '')
    putReceived(attributes, limits.attributes * 2, 'thread.name', place.thread, rules)
  const { events, logs, lost } = readInstants(slice, place, rules)
  const links = readLinks(field(own, 'links'), rules)
  const state = text(field(own, 'trace_state'))
  return {
    spanId: identity.spanId,
    parentId: own === undefined ? place.parentId : readSpanId(field(own, 'parent_id')),
    parentRemote: field(own, 'parent_remote') === true,
    name: redactor.text(slice.name, limits.nameLength),
    kind: Math.max(0, own ? spanKinds.indexOf(slice.category as 'internal') : 0) as SpanKind,
    start: after(epoch, identity.start),
    duration: after(identity.start, timeOf(slice.end)),
    open: false,
    status: Math.max(0, statusNames.indexOf(text(field(own, 'status')))) as StatusCode,
    statusMessage: redactor.text(text(field(own, 'status_message')), limits.messageLength),
    traceState: state.length <= maxTraceState ? redactor.text(state, maxTraceState) : '',
    flags: own ? count(field(own, 'flags')) & 0xff : 1,
    scope: {
      // What others' events are of says their category.
      name: redactor.text(own ? text(field(scope, 'name')) : slice.category, limits.nameLength),
      version: redactor.text(text(field(scope, 'version')), limits.nameLength)
    },
    attributes,
    events,
    links: links.kept,
    logs,
    droppedAttributes: left + count(field(dropped, 'attributes')),
    droppedEvents: lost + count(field(dropped, 'events')),
    droppedLinks: links.lost + count(field(dropped, 'links'))
  }
}

function readInstants(
  { instants, own }: Slice,
  { epoch, timeOf }: Place,
  rules: AttributeRules
): { events: Movable<SpanEvent>[]; logs: Movable<SpanLog>[]; lost: number } {
  const { limits, redactor } = rules
  const events: Movable<SpanEvent>[] = []
  const logs: Movable<SpanLog>[] = []
  let lost = 0
  for (const { name, time: micros, args } of instants) {
    const time = after(epoch, timeOf(micros))
    const severity = severities.find((one) => one === field(args, 'severity'))
    const isLog = own !== undefined && severity !== undefined
    if (isLog ? logs.length >= limits.logs : events.length >= limits.events) {
      lost++
      continue
    }
    const { attributes } = readObject(own ? field(args, 'attributes') : args, rules)
    if (isLog) {
      const body = redactor.text(text(field(args, 'body')), limits.messageLength)
      logs.push({ time, severity, body, attributes })
    } else events.push({ time, name: redactor.text(name, limits.nameLength), attributes })
  }
  return { events, logs, lost }
}

function readLinks(value: unknown, rules: AttributeRules): { kept: SpanLink[]; lost: number } {
  const kept: SpanLink[] = []
  let lost = 0
  for (const raw of list(value)) {
    const traceId = readTraceId(field(raw, 'trace_id'))
    const spanId = readSpanId(field(raw, 'span_id'))
    if (traceId === undefined || spanId === undefined || kept.length >= rules.limits.links) {
      lost++
      continue
    }
    const state = text(field(raw, 'trace_state'))
    const traceState =
      state.length <= maxTraceState ? rules.redactor.text(state, maxTraceState) : ''
    const { attributes } = readObject(field(raw, 'attributes'), rules)
    kept.push({ traceId, spanId, traceState, attributes })
  }
  return { kept, lost }
}
