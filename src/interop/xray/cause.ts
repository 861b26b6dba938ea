import { field, list, text } from '../../base/fields.ts'
import type { SpanEvent } from '../../base/span-data.ts'
import type { Movable } from '../../trace/received.ts'
import { type AttributeRules, putReceived } from '../../trace/received-attributes.ts'

/** `fault`: ours; `throttle`: too many requests; `error`: the caller's. '' for none. */
export function problemOf(raw: unknown): '' | 'fault' | 'throttle' | 'error' {
  if (field(raw, 'throttle') === true) return 'throttle'
  if (field(raw, 'fault') === true) return 'fault'
  return field(raw, 'error') === true ? 'error' : ''
}

/** Exceptions of a segment. Its cause may also be the id of an exception, which a subsegment has. */
export function exceptionsOf(raw: unknown): readonly unknown[] {
  return list(field(field(raw, 'cause'), 'exceptions'))
}

/** As OpenTelemetry's semantic conventions have an exception: an event. */
export function exceptionEvent(
  exception: unknown,
  time: number,
  rules: AttributeRules
): Movable<SpanEvent> {
  const attributes: SpanEvent['attributes'][number][] = []
  const most = rules.limits.attributes * 2
  const type = text(field(exception, 'type'))
  const message = text(field(exception, 'message'))
  const parts: [string, string][] = [
    ['exception.type', type],
    ['exception.message', message],
    ['exception.stacktrace', stackOf(`${type}: ${message}`, list(field(exception, 'stack')), rules)]
  ]
  for (const [key, value] of parts)
    if (value !== '') putReceived(attributes, most, key, value, rules)
  return { name: 'exception', time, attributes }
}

// As V8 writes one, so that it is read as such.
function stackOf(first: string, frames: readonly unknown[], { limits }: AttributeRules): string {
  if (frames.length === 0) return ''
  let stack = first
  for (const frame of frames) {
    if (stack.length > limits.stackLength) break
    const line = field(frame, 'line')
    const place = `${text(field(frame, 'path'))}${typeof line === 'number' ? `:${line}` : ''}`
    stack += `\n    at ${text(field(frame, 'label')) || 'anonymous'} (${place})`
  }
  return stack
}
