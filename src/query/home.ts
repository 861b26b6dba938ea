import { getAttribute } from '../base/attributes.ts'
import type { Resource, TraceRecord } from '../base/span-data.ts'
import { rootOf } from '../trace/summary.ts'

/** Of the workers of this application that had a part in a trace, the one that it began in. */
export class Home {
  #record: TraceRecord | undefined
  #began = Number.POSITIVE_INFINITY
  #worker: string | undefined

  /** Looks at the trace's next record. */
  add(record: TraceRecord): void {
    if (record.source !== 'local') return
    const began = record.epochMs + rootOf(record.spans).start / 1e6
    if (began >= this.#began) return
    this.#began = began
    this.#record = record
    this.#worker = workerOf(record)
  }

  /** Its resource, where it is another one than this. */
  get elsewhere(): Resource | undefined {
    return this.#record?.relayed === true ? this.#record.resource : undefined
  }

  /** As `workerOf` names it. */
  get worker(): string | undefined {
    return this.#worker
  }
}

/** Tells one worker from another; undefined where the spans are another application's. */
export function workerOf({ source, resource: { attributes } }: TraceRecord): string | undefined {
  if (source !== 'local') return undefined
  const [pid, thread] = [
    getAttribute(attributes, 'process.pid'),
    getAttribute(attributes, 'thread.id')
  ]
  return `${String(pid)} ${String(thread ?? 0)}`
}
