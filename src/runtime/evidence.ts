import { getAttribute } from '../base/attributes.ts'
import { SpanKind } from '../base/span-data.ts'
import type { Span } from '../span/span.ts'

/** A moment at which a span began or ended, as far as it says whose code was running. */
export interface Note {
  readonly span: Span
  readonly ended: boolean
}

/** How much a note says about whose code ran right before it, or right after. */
type Strength = 0 | 1 | 2

/**
 * After the note. A request that comes in, an answer of another machine and every piece of work of its own run on with the code of that
 * request. What began a call to another machine mostly returns to wait for it, and what ended a response has mostly nothing left to do.
 */
function saysAfter({ span, ended }: Note): Strength {
  switch (span.kind) {
    case SpanKind.server:
    case SpanKind.consumer:
      return ended ? 1 : 2
    case SpanKind.client:
    case SpanKind.producer:
      return ended ? 2 : 1
    default:
      return 2
  }
}

/**
 * Before the note. A request that comes in and an answer that arrives are the first thing of their turn: what ran before them was
 * something else, as it was before a pool handed out a connection that another request gave back.
 */
function saysBefore({ span, ended }: Note): Strength {
  if (ended && getAttribute(span.attributes, 'spanlight.wait') !== undefined) return 0
  switch (span.kind) {
    case SpanKind.server:
    case SpanKind.consumer:
      return ended ? 2 : 0
    case SpanKind.client:
    case SpanKind.producer:
      return ended ? 0 : 2
    default:
      return 2
  }
}

export interface Verdict {
  readonly span: Span | undefined
  readonly certain: boolean
}

/**
 * Whose code ran between two notes. Each is given only where it is next to the stretch in time. Where they disagree the first one counts:
 * what had to wait for the end of a block runs right after it, so the note behind it is often a victim's.
 */
export function judge(before: Note | undefined, after: Note | undefined): Verdict {
  const first = before === undefined ? 0 : saysAfter(before)
  const last = after === undefined ? 0 : saysBefore(after)
  const same = before?.span.trace.traceId === after?.span.trace.traceId
  if (first > 0 && last > 0 && same) return { span: after?.span, certain: true }
  if (first === 2 || (first === 1 && last === 0)) return { span: before?.span, certain: false }
  return { span: last > 0 ? after?.span : undefined, certain: false }
}
