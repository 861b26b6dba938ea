import type { TraceRecord } from '../../base/span-data.ts'
import { byTrace } from '../../trace/by-trace.ts'
import { wholeTrace } from '../../trace/whole-trace.ts'
import { Diagram } from './diagram.ts'
import { fold } from './fold.ts'
import { stepsOf } from './steps.ts'

/** A trace, or several one below the other, as a sequence diagram in Mermaid's language. Pieces may be empty: the host may go on there. */
export function* mermaidParts(records: Iterable<TraceRecord>): Generator<string> {
  const work = diagramOf(records)
  for (;;) {
    const step = work.next()
    if (step.done === true) return yield step.value
    yield ''
  }
}

function* diagramOf(records: Iterable<TraceRecord>): Generator<void, string> {
  const diagram = new Diagram()
  for (const one of byTrace(records)) {
    const trace = yield* wholeTrace(one)
    if (trace !== undefined) diagram.draw(yield* fold(yield* stepsOf(trace)))
  }
  return diagram.text()
}
