import type { Attributes } from '../../base/attributes.ts'
import { field, text } from '../../base/fields.ts'
import { readSpanId, readTraceId, type SpanId } from '../../base/ids.ts'
import { SpanKind } from '../../base/span-data.ts'
import { addHttp } from '../../trace/older-http.ts'
import { negativeKey } from '../../trace/own-names.ts'
import { after, type ReadSpan, type SpanIdentity } from '../../trace/received.ts'
import { type AttributeRules, putReceived } from '../../trace/received-attributes.ts'
import { serverHalfId } from '../../trace/shared-spans.ts'
import { firstMoment, readAnnotations } from './annotations.ts'
import { debugKey, kinds } from './names.ts'
import { addMethod, type ReadTags } from './tags.ts'
import { nanosOf } from './time.ts'

export interface Identity extends SpanIdentity {
  readonly parentId: SpanId | undefined
}

/**
 * Undefined when it has no valid ids or no moment: of a span without a timestamp (Zipkin takes them, as parts of spans that are reported
 * twice) the first annotation tells it.
 */
export function readIdentity(raw: unknown, service: string): Identity | undefined {
  const traceId = readTraceId(padded(field(raw, 'traceId'), 32))
  const id = readSpanId(padded(field(raw, 'id'), 16))
  const start = nanosOf(field(raw, 'timestamp')) ?? firstMoment(field(raw, 'annotations'))
  if (traceId === undefined || id === undefined || start === undefined) return undefined
  if (field(raw, 'shared') === true && kindOf(raw) === SpanKind.server)
    return { traceId, spanId: serverHalfId(id, service), parentId: id, start }
  const parentId = readSpanId(padded(field(raw, 'parentId'), 16))
  return { traceId, spanId: id, parentId: parentId === id ? undefined : parentId, start }
}

// Short ids are numbers of 64 bits, without their leading zeros in some senders.
function padded(id: unknown, length: number): unknown {
  return typeof id === 'string' && id !== '' ? id.padStart(length, '0') : id
}

function kindOf(raw: unknown): SpanKind {
  const kind = field(raw, 'kind')
  return typeof kind === 'string' && Object.hasOwn(kinds, kind)
    ? (kinds[kind] as SpanKind)
    : SpanKind.internal
}

/** One span of Zipkin, its times after `epoch`, in nanoseconds since 1970. */
export function readSpan(
  raw: unknown,
  { spanId, parentId, start }: Identity,
  epoch: bigint,
  tags: ReadTags,
  rules: AttributeRules
): ReadSpan {
  const { redactor, limits } = rules
  const kind = kindOf(raw)
  const sent = redactor.text(text(field(raw, 'name')), limits.nameLength)
  const {
    service: _service,
    resource: _resource,
    droppedSpans,
    droppedEvents,
    negative,
    ...own
  } = tags
  const duration = field(raw, 'duration')
  const length = nanosOf(duration)
  const { events, logs, dropped } = readAnnotations(field(raw, 'annotations'), start, epoch, rules)
  const { attributes } = own
  putEndpoint(attributes, field(raw, 'localEndpoint'), 'network.local', rules)
  putEndpoint(attributes, field(raw, 'remoteEndpoint'), 'network.peer', rules)
  const peer = text(field(field(raw, 'remoteEndpoint'), 'serviceName'))
  if (peer !== '') put(attributes, 'peer.service', peer, rules)
  addHttp(attributes, rules)
  const name = addMethod(attributes, sent, rules)
  if (field(raw, 'debug') === true) put(attributes, debugKey, true, rules)
  if (negative || (typeof duration === 'number' && duration < 0)) attributes.push(negativeKey, true)
  const span = {
    spanId,
    parentId,
    // Who serves or takes a message was called by another process.
    parentRemote:
      parentId !== undefined && (kind === SpanKind.server || kind === SpanKind.consumer),
    name,
    kind,
    start: after(epoch, start),
    duration: length === undefined ? 0 : after(0n, length),
    open: false,
    ...own,
    traceState: '',
    // Unsampled spans are not reported.
    flags: 1,
    events,
    links: [],
    logs,
    droppedEvents: dropped + droppedEvents
  }
  return { span, droppedSpans }
}

function putEndpoint(
  attributes: Attributes,
  endpoint: unknown,
  prefix: string,
  rules: AttributeRules
): void {
  const address = text(field(endpoint, 'ipv4')) || text(field(endpoint, 'ipv6'))
  const port = field(endpoint, 'port')
  if (address !== '') put(attributes, `${prefix}.address`, address, rules)
  if (Number.isInteger(port) && (port as number) > 0 && (port as number) < 65_536)
    put(attributes, `${prefix}.port`, port as number, rules)
}

// What Zipkin has fields for does not count to the limit of attributes.
function put(
  attributes: Attributes,
  key: string,
  value: string | number | boolean,
  rules: AttributeRules
): void {
  putReceived(attributes, (rules.limits.attributes + 12) * 2, key, value, rules)
}
