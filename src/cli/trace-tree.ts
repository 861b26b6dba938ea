import { visible } from '../base/report.ts'
import { spanFlag, type TraceColumns } from '../wire/trace.ts'
import type { Terminal } from './terminal.ts'
import { durationText, fitted, traceLine } from './trace-line.ts'

const usualColumns = 110
const mostRows = 1000

/** A trace as a tree with its time beside it: a line for each span, as wide as the terminal. */
export function* traceTree(trace: TraceColumns, terminal: Terminal): Generator<string, void> {
  const { spans, names, services, extent, summary } = trace
  const { paint, columns = usualColumns } = terminal
  const rows = spans.id.length
  const first = Math.min(0, ...spans.start.slice(0, mostRows))
  const whole = Math.max(1, extent - first)
  const serviceWidth = Math.max(...services.map((name) => Math.min(20, visible(name).length)))
  // What duration, mark and spaces leave is halved between names and time.
  const left = Math.max(40, columns - serviceWidth - 14)
  const nameWidth = Math.ceil(left / 2)
  const barWidth = left - nameWidth

  yield traceLine(summary, terminal)
  yield ''
  for (let row = 0; row < Math.min(rows, mostRows); row++) {
    const at = (column: readonly number[]): number => column[row] ?? 0
    const failed = (at(spans.flags) & spanFlag.error) !== 0
    const name = '  '.repeat(Math.min(20, at(spans.depth))) + (names[at(spans.name)] ?? '')
    const from = Math.min(barWidth - 1, Math.floor(((at(spans.start) - first) / whole) * barWidth))
    const length = Math.round((at(spans.duration) / whole) * barWidth)
    const bar = '='.repeat(Math.max(1, Math.min(barWidth - from, length)))
    yield [
      paint(failed ? 'red' : 'bold', fitted(name, nameWidth)),
      paint('cyan', fitted(services[at(spans.service)] ?? '', serviceWidth)),
      durationText(at(spans.duration) / 1000).padStart(8),
      failed ? paint('red', '!') : ' ',
      ' '.repeat(from) + paint(failed ? 'red' : 'green', bar)
    ].join(' ')
  }
  if (rows > mostRows) yield `and ${rows - mostRows} more spans`
  if (trace.dropped > 0) yield `${trace.dropped} spans were not kept: the trace is too large`
}
