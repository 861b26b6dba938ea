import { field, list, text } from '../../base/fields.ts'
import { readSpanId } from '../../base/ids.ts'
import { type Scope, type SpanLink, SpanKind, StatusCode } from '../../base/span-data.ts'
import { after, type ReadSpan } from '../../trace/received.ts'
import { negativeKey } from '../../trace/own-names.ts'
import type { AttributeRules } from '../../trace/received-attributes.ts'
import { spanAttributes } from './attributes.ts'
import { exceptionEvent, exceptionsOf, problemOf } from './cause.ts'
import { type Segment, traceIdOf } from './document.ts'

const scope: Scope = { name: 'aws.xray', version: '' }
const none: readonly never[] = []

/** One segment or subsegment as a span, its times after `epoch`; one without an end is open. */
export function readSegment(
  { raw, id, parentId, isSub }: Segment,
  start: bigint,
  end: bigint | undefined,
  epoch: bigint,
  rules: AttributeRules
): ReadSpan {
  const { limits, redactor } = rules
  const problem = problemOf(raw)
  const exceptions = exceptionsOf(raw)
  const { attributes, dropped } = spanAttributes(raw, !isSub, problem, rules)
  const duration = end === undefined ? 0 : after(start, end)
  if (duration < 0) attributes.push(negativeKey, true)
  const last = after(epoch, end ?? start)
  const links = readLinks(list(field(raw, 'links')), limits.links)
  const message = text(field(exceptions[0], 'message')) || problem
  const span = {
    spanId: id,
    parentId,
    // A segment is what one service did; its parent is what another one asked for.
    parentRemote: !isSub && parentId !== undefined,
    name: redactor.text(nameOf(raw, isSub), limits.nameLength),
    kind: kindOf(raw, isSub),
    start: after(epoch, start),
    duration: Math.max(0, duration),
    open: end === undefined,
    status: problem === '' ? StatusCode.unset : StatusCode.error,
    statusMessage: problem === '' ? '' : redactor.text(message, limits.messageLength),
    traceState: '',
    flags: 1,
    scope,
    attributes,
    events: exceptions.slice(0, limits.events).map((one) => exceptionEvent(one, last, rules)),
    links: links.kept,
    logs: none,
    droppedAttributes: dropped,
    droppedEvents: Math.max(0, exceptions.length - limits.events),
    droppedLinks: links.dropped
  }
  return { span, droppedSpans: 0 }
}

// A segment is named after its service, which the resource has: of a request, the method says more. OpenTelemetry asks for the route, too, which
// is not in a segment.
function nameOf(raw: unknown, isSub: boolean): string {
  const method = text(field(field(field(raw, 'http'), 'request'), 'method'))
  return (isSub ? '' : method) || text(field(raw, 'name'))
}

function kindOf(raw: unknown, isSub: boolean): SpanKind {
  if (!isSub) return SpanKind.server
  const namespace = field(raw, 'namespace')
  return namespace === 'aws' || namespace === 'remote' ? SpanKind.client : SpanKind.internal
}

function readLinks(
  links: readonly unknown[],
  most: number
): { readonly kept: readonly SpanLink[]; readonly dropped: number } {
  const kept: SpanLink[] = []
  for (const link of links) {
    const traceId = traceIdOf(field(link, 'trace_id'))
    const spanId = readSpanId(field(link, 'id'))
    if (traceId !== undefined && spanId !== undefined && kept.length < most)
      kept.push({ traceId, spanId, traceState: '', attributes: none })
  }
  return { kept, dropped: links.length - kept.length }
}
