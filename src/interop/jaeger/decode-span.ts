import { getAttribute } from '../../base/attributes.ts'
import { count, field, text } from '../../base/fields.ts'
import { SpanKind } from '../../base/span-data.ts'
import { addHttp } from '../../trace/older-http.ts'
import { negativeKey } from '../../trace/own-names.ts'
import { after, type MovableSpan, type SpanIdentity } from '../../trace/received.ts'
import type { AttributeRules } from '../../trace/received-attributes.ts'
import { readLogs } from './decode-logs.ts'
import { readReferences } from './decode-references.ts'
import { readTags } from './decode-tags.ts'
import { OwnTags } from './own-tags.ts'
import { tagNames } from './tags.ts'

// W3C Trace Context asks for 512 characters at least; a longer one is left out whole, as half of one means something else.
const maxTraceState = 512

/** One span, its times after `epoch`, in nanoseconds since 1970. */
export function readSpan(
  raw: unknown,
  { traceId, spanId, start }: SpanIdentity,
  epoch: bigint,
  rules: AttributeRules
): MovableSpan {
  const { limits, redactor } = rules
  const own = new OwnTags()
  const { attributes, dropped } = readTags(field(raw, 'tags'), rules, (key, value) =>
    own.take(key, value)
  )
  addHttp(attributes, rules)
  const given = field(raw, 'duration')
  const duration = typeof given === 'string' ? Number(given) : given
  const length = typeof duration === 'number' && Number.isFinite(duration) ? duration : 0
  if (length < 0 && getAttribute(attributes, negativeKey) === undefined)
    attributes.push(negativeKey, true)
  const { kind } = own
  const { parentId, links, droppedLinks } = readReferences(raw, traceId, rules)
  const { events, logs, dropped: droppedLogs } = readLogs(field(raw, 'logs'), start, epoch, rules)
  const traceState = own.text(tagNames.traceState)
  const flags = field(raw, 'flags')
  return {
    spanId,
    parentId,
    // Not told; but somebody else sent what a server or a consumer goes on with.
    parentRemote:
      parentId !== undefined && (kind === SpanKind.server || kind === SpanKind.consumer),
    name: redactor.text(text(field(raw, 'operationName')), limits.nameLength),
    kind,
    start: after(epoch, start),
    duration: after(0n, BigInt(Math.round(Math.min(Math.max(0, length), 2 ** 52) * 1000))),
    open: false,
    status: own.status,
    statusMessage: redactor.text(own.text(tagNames.statusMessage), limits.messageLength),
    traceState: traceState.length <= maxTraceState ? redactor.text(traceState, maxTraceState) : '',
    // What is stored was sampled, where it does not say. Its second bit is "debug", which is sampled, too.
    flags: flags === undefined || (count(flags) & 3) !== 0 ? 1 : 0,
    scope: {
      name: redactor.text(own.text(tagNames.scopeName), limits.nameLength),
      version: redactor.text(own.text(tagNames.scopeVersion), limits.nameLength)
    },
    attributes,
    events,
    links,
    logs,
    droppedAttributes: dropped + own.count(tagNames.droppedAttributes),
    droppedEvents: droppedLogs + own.count(tagNames.droppedEvents),
    droppedLinks: droppedLinks + own.count(tagNames.droppedLinks)
  }
}
