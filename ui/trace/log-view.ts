import { signal, type Signal } from '@preact/signals'
import type { TraceLog } from '../../src/wire/trace.ts'
import type { LogFilter } from './log-filter.ts'

/** How the reader has set the log lines of a trace; outlives a look at a span in between. */
export interface LogView {
  readonly filter: Signal<LogFilter>
  /** Lines whose fields are open; found again by `lineKey` when the trace has grown. */
  readonly open: Signal<ReadonlySet<string>>
  /** The line that the keys are at. */
  readonly current: Signal<string>
  toggle(key: string): void
  toggleLevel(level: string): void
}

export function createLogView(): LogView {
  const filter = signal<LogFilter>({ levels: new Set(), text: '' })
  const open = signal<ReadonlySet<string>>(new Set())
  return {
    filter,
    open,
    current: signal(''),
    toggle: (key) => (open.value = without(open.peek(), key)),
    toggleLevel: (level) =>
      (filter.value = { ...filter.peek(), levels: without(filter.peek().levels, level) })
  }
}

/** The same set with or without the item. */
function without(set: ReadonlySet<string>, item: string): ReadonlySet<string> {
  const next = new Set(set)
  if (!next.delete(item)) next.add(item)
  return next
}

/** Names a line for as long as the trace lives: lines of one span and moment are told apart by their place. */
export function lineKeys(logs: readonly TraceLog[]): ReadonlyMap<TraceLog, string> {
  const seen = new Map<string, number>()
  const keys = new Map<TraceLog, string>()
  for (const log of logs) {
    const at = `${log.spanId} ${log.time}`
    const count = seen.get(at) ?? 0
    seen.set(at, count + 1)
    keys.set(log, `${at} ${count}`)
  }
  return keys
}
