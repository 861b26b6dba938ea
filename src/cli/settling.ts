import type { Summary } from '../wire/summary.ts'

// Services hand in their parts at different times: OpenTelemetry's batches leave every 5 s. A trace whose root is there may still get a part
// or two; one without waits for it.
const quietMs = 1000
const incompleteMs = 6000
const maxWaiting = 5000
const maxTold = 20_000

/** Holds a trace back until it is whole, as far as that can be known, and gives each once. */
export class Settling {
  readonly #ready: (summary: Summary) => void
  readonly #waiting = new Map<string, { summary: Summary; timer: NodeJS.Timeout | undefined }>()
  readonly #told = new Set<string>()

  constructor(ready: (summary: Summary) => void) {
    this.#ready = ready
  }

  add(summary: Summary): void {
    const { traceId, inFlight, incomplete } = summary
    if (this.#told.has(traceId)) return
    clearTimeout(this.#waiting.get(traceId)?.timer)
    // A trace in flight is told of again when it ends.
    const timer = inFlight
      ? undefined
      : setTimeout(
          () => setImmediate(() => this.#tellUnlessMore(traceId, timer)),
          incomplete ? incompleteMs : quietMs
        )
    this.#waiting.set(traceId, { summary, timer })
    for (const oldest of this.#waiting.keys()) {
      if (this.#waiting.size <= maxWaiting) break
      this.#tell(oldest)
    }
  }

  // What came while the process was kept waiting is read after its timers.
  #tellUnlessMore(traceId: string, timer: NodeJS.Timeout | undefined): void {
    if (this.#waiting.get(traceId)?.timer === timer) this.#tell(traceId)
  }

  #tell(traceId: string): void {
    const waiting = this.#waiting.get(traceId)
    if (waiting === undefined) return
    clearTimeout(waiting.timer)
    this.#waiting.delete(traceId)
    this.#told.add(traceId)
    for (const oldest of this.#told) {
      if (this.#told.size <= maxTold) break
      this.#told.delete(oldest)
    }
    this.#ready(waiting.summary)
  }
}
