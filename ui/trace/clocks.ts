import type { TraceLog } from '../../src/wire/trace.ts'
import { formatMoment, formatOffset, visible, type Zone } from '../format.ts'
import type { Model } from './model.ts'

/** A log line where its span stands. */
export interface PlacedLog extends TraceLog {
  /** Milliseconds that its time was moved by, with the clock of its process; what was recorded is that much earlier. */
  readonly moved: number
}

/** By how many milliseconds a span stands later than it was recorded: its process's clock was off. */
export function clockMove({ columns }: Model, row: number): number {
  const clock = columns.clocks[columns.clockOf[row] ?? -1]
  return clock === undefined ? 0 : clock.offset / 1000
}

/** The lines in the order in which they were written, whatever the clocks of their processes said. */
export function placedLogs(logs: readonly TraceLog[], model: Model): PlacedLog[] {
  const placed = logs.map((log) => {
    const moved = clockMove(model, model.rowOf.get(log.spanId) ?? -1)
    return { ...log, time: log.time + moved, moved }
  })
  return model.columns.clocks.length === 0 ? placed : placed.sort((a, b) => a.time - b.time)
}

/** What was recorded, of a time that was moved; '' of any other. */
export function recordedText(time: number, moved: number, zone: Zone): string {
  if (moved === 0) return ''
  return `moved by ${formatOffset(moved)} with its clock; recorded as ${formatMoment(time - moved, zone)}`
}

/** Which clocks were off, and by how much. */
export function clocksText({ columns: { clocks, services } }: Model): string {
  const list = clocks.map(
    ({ service, offset }) => `${visible(services[service] ?? '')} by ${formatOffset(offset / 1000)}`
  )
  return `No call begins before it was made, so these clocks were off, and their spans and log lines are moved: ${list.join(', ')}. Details say what was recorded.`
}
