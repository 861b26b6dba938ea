import { signal, type Signal } from '@preact/signals'

/**
 * Ids of the traces that the reader has chosen by hand; undefined while nobody chooses. By id, so that what streams in, is filtered away or
 * scrolls out of sight changes nothing.
 */
export const marks: Signal<ReadonlySet<string> | undefined> = signal(undefined)

const nothing: ReadonlySet<string> = new Set()

// Where a range begins, and what was chosen before it: a range that is drawn back gives up what it had covered.
let anchor = ''
let before = nothing

/** Shows that rows can be chosen, before any is: for those without a keyboard. */
export function startChoosing(): void {
  marks.value ??= nothing
}

export function toggleMark(traceId: string): void {
  const next = new Set(marks.peek())
  if (!next.delete(traceId)) next.add(traceId)
  before = next
  anchor = traceId
  marks.value = next.size > 0 ? next : undefined
}

/** Chooses all from where the range began, or begins at `from`, up to `to`; `between` knows what stands there. */
export function extendMarks(
  from: string,
  to: string,
  between: (from: string, to: string) => readonly string[]
): void {
  if (anchor === '') {
    anchor = from
    before = marks.peek() ?? nothing
  }
  const next = new Set([...before, ...between(anchor, to)])
  if (next.size > 0) marks.value = next
}

/** The next range begins elsewhere. */
export function endRange(): void {
  anchor = ''
}

export function clearMarks(): void {
  anchor = ''
  before = nothing
  marks.value = undefined
}
