import type { TraceId } from '../base/ids.ts'
import type { Span } from '../span/span.ts'
import type { Stretch } from './activity.ts'
import type { Recent } from './recent.ts'

/** From how much on it is said: milliseconds, and share of the request's time. */
const leastMs = 20
const leastShare = 0.1

/** Whose part is smaller is one of many, and no answer. */
const leastOfAll = 0.5

/**
 * Says on a request's span for how long others kept the event loop from it, and who it was if it was one: so that it can be searched for, is
 * exported, and outlives what is known of the runtime. Called when the span has just ended and is not handed on yet.
 */
export function putFinding(
  span: Span,
  blocks: Recent<Stretch>,
  nameOf: (traceId: TraceId) => string
): void {
  const from = span.trace.epochMs + span.start / 1e6
  // Nearly always.
  if ((blocks.newest?.to ?? 0) <= from) return
  const to = from + span.duration / 1e6
  const by = new Map<TraceId | undefined, number>()
  let blocked = 0
  for (const { traceId, kind, ...block } of blocks.backwards(from, to)) {
    if (kind === 'stopped' || traceId === span.trace.traceId) continue
    const time = Math.min(to, block.to) - Math.max(from, block.from)
    blocked += time
    by.set(traceId, (by.get(traceId) ?? 0) + time)
  }
  if (blocked < leastMs || blocked < leastShare * (to - from)) return
  const { attributes } = span
  attributes.push('spanlight.blocked_ms', Math.round(blocked * 10) / 10)
  by.delete(undefined)
  const [culprit, time = 0] = [...by].sort((a, b) => b[1] - a[1])[0] ?? []
  if (culprit === undefined || time < leastOfAll * blocked) return
  attributes.push('spanlight.blocked_by.trace_id', culprit)
  const name = nameOf(culprit)
  if (name !== '') attributes.push('spanlight.blocked_by.name', name)
}
