import type { TraceId } from '../base/ids.ts'
import type { TraceRecord } from '../base/span-data.ts'

/** What is in flight in the other workers, as each last said. */
export class OthersInFlight {
  readonly #byWorker = new Map<string, readonly TraceRecord[]>()
  readonly #byTrace = new Map<TraceId, TraceRecord[]>()
  readonly #onChange: () => void

  constructor(onChange: () => void) {
    this.#onChange = onChange
  }

  set(worker: string, records: readonly TraceRecord[]): void {
    if (records.length === 0 && !this.#byWorker.has(worker)) return
    if (records.length === 0) this.#byWorker.delete(worker)
    else this.#byWorker.set(worker, records)
    this.#index()
  }

  clear(): void {
    this.#byWorker.clear()
    this.#index()
  }

  of(traceId: TraceId): readonly TraceRecord[] {
    return this.#byTrace.get(traceId) ?? []
  }

  ids(): Iterable<TraceId> {
    return this.#byTrace.keys()
  }

  #index(): void {
    this.#byTrace.clear()
    for (const records of this.#byWorker.values()) {
      for (const record of records) {
        const found = this.#byTrace.get(record.traceId)
        if (found === undefined) this.#byTrace.set(record.traceId, [record])
        else found.push(record)
      }
    }
    this.#onChange()
  }
}
