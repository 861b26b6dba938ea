import type { Report } from '../../base/report.ts'
import { createGuard, type Guard } from '../../base/safely.ts'
import type { TraceRecord } from '../../base/span-data.ts'
import { rootContext, runIn, suppressed } from '../../context/context.ts'
import { shown } from './address.ts'
import { Deliveries, messageOf } from './delivery.ts'
import type { Destination, Transport } from './destination.ts'
import { createGrpc } from './grpc.ts'
import { type ExportFigures, Health } from './health.ts'
import { createHttp } from './http.ts'
import { type Batch, ExportQueue } from './queue.ts'

export interface ExporterSetup {
  readonly destination: Destination
  readonly report: Report
  /** Spans that may wait; the oldest make room for newer ones, and are counted. @default 8192 */
  readonly maxQueue?: number | undefined
  /** Milliseconds that the first span of a batch waits for others. @default 1000 */
  readonly intervalMs?: number | undefined
  /** Milliseconds before the second try; doubled with each further one, up to 4 s. @default 1000 */
  readonly retryMs?: number | undefined
  /** Milliseconds for which one batch is tried. @default 300000 */
  readonly giveUpMs?: number | undefined
}

/** Sends records on to one destination. Nothing of it throws, waits or keeps the process alive, whatever the other side does. */
export interface Exporter {
  /** Takes a record that just ended; it is copied before the call returns. */
  export(record: TraceRecord): void
  /** Sends what waits now. True when it all arrived; false after `timeoutMs` (default 5000) or when it cannot be delivered. */
  flush(timeoutMs?: number): Promise<boolean>
  /** Sends what waits, for `flushMs` (default 500) at most, and ends. What is left then is counted as lost. */
  close(flushMs?: number): Promise<void>
  figures(): ExportFigures
}

export function createExporter(setup: ExporterSetup): Exporter {
  const sender = new Sender(setup)
  // Timers and sockets remember the context they were made in: not the request's that just ended, and one in which our own requests are
  // not traced.
  const quiet = suppressed(rootContext)
  return {
    export: (record) => runIn(quiet, () => sender.export(record)),
    flush: (timeoutMs = 5000) => runIn(quiet, () => sender.flush(timeoutMs)),
    close: (flushMs = 500) => runIn(quiet, () => sender.close(flushMs)),
    figures: () => sender.figures()
  }
}

class Sender {
  readonly #setup: ExporterSetup
  readonly #guard: Guard
  readonly #transport: Transport
  readonly #queue: ExportQueue
  readonly #health: Health
  readonly #deliveries: Deliveries
  readonly #stop = new AbortController()
  readonly #flushes = new Set<() => void>()
  #timer: NodeJS.Timeout | undefined
  #sending = false

  constructor(setup: ExporterSetup) {
    const { destination, report, retryMs = 1000, giveUpMs = 300_000 } = setup
    this.#setup = setup
    this.#guard = createGuard('export', report)
    this.#queue = new ExportQueue(setup.maxQueue ?? 8192, destination.maxBatch)
    this.#health = new Health(shown(destination.url), report)
    this.#transport =
      destination.transport === 'grpc' ? createGrpc(destination) : createHttp(destination)
    this.#deliveries = new Deliveries({
      destination,
      transport: this.#transport,
      health: this.#health,
      retryMs,
      giveUpMs,
      signal: this.#stop.signal
    })
  }

  export(record: TraceRecord): void {
    this.#guard(() => {
      if (this.#stop.signal.aborted) return
      const lost = this.#queue.add(record)
      if (lost > 0) this.#health.dropped(lost)
      this.#wake(this.#queue.fillsBatch ? 0 : (this.#setup.intervalMs ?? 1000))
    })
  }

  figures(): ExportFigures {
    return this.#health.figures(this.#queue.spans)
  }

  async flush(timeoutMs: number): Promise<boolean> {
    if (this.#queue.spans === 0) return !this.#health.failing
    await new Promise<void>((resolve) => {
      // Not unreferenced: whoever flushes wants the process to wait for it.
      const timer = setTimeout(done, timeoutMs)
      const flushes = this.#flushes
      function done(): void {
        clearTimeout(timer)
        flushes.delete(done)
        resolve()
      }
      flushes.add(done)
      this.#deliveries.hurry()
      this.#wake(0)
    })
    return this.#queue.spans === 0 && !this.#health.failing
  }

  async close(flushMs: number): Promise<void> {
    if (this.#stop.signal.aborted) return
    if (flushMs > 0) await this.flush(flushMs)
    clearTimeout(this.#timer)
    this.#stop.abort()
    this.#deliveries.hurry()
    this.#transport.close()
    for (const done of this.#flushes) done()
    for (let batch = this.#queue.next(); batch !== undefined; batch = this.#queue.next())
      this.#lose(batch)
  }

  // A timer for later is replaced by one for now.
  #wake(ms: number): void {
    if (this.#sending || this.#stop.signal.aborted) return
    if (this.#timer !== undefined && ms > 0) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#drain().catch(this.#guard.failed)
    }, ms).unref()
  }

  /** Sends full batches, or all there is while somebody waits for a flush; the rest waits for its interval. */
  async #drain(): Promise<void> {
    if (this.#sending) return
    this.#sending = true
    try {
      do {
        const batch = this.#queue.next()
        if (batch === undefined) break
        await this.#deliver(batch).catch((error: unknown) => this.#giveUp(batch, error))
      } while (this.#queue.fillsBatch || this.#flushes.size > 0)
    } finally {
      this.#sending = false
      if (this.#queue.spans > 0) this.#wake(this.#setup.intervalMs ?? 1000)
      else for (const done of this.#flushes) done()
    }
  }

  async #deliver(batch: Batch): Promise<void> {
    const delivery = await this.#deliveries.deliver(batch)
    // What is left then was counted by `close`.
    if (this.#stop.signal.aborted) return
    if (delivery.outcome === 'sent') {
      const { rejected } = this.#setup.destination.format
      const count = delivery.answer && rejected ? rejected(delivery.answer) : 0
      this.#queue.settle(batch)
      this.#health.sent(batch.spans, Math.min(count, batch.spans))
    } else if (delivery.outcome !== 'too large') {
      this.#lose(batch)
    } else if (!this.#queue.halve(batch)) {
      this.#health.tried(delivery)
      this.#lose(batch)
    }
  }

  #lose(batch: Batch): void {
    this.#queue.settle(batch)
    this.#health.lost(batch.spans)
  }

  // A fault of our own: the batch that met it must not stand in the way of all others.
  #giveUp(batch: Batch, error: unknown): void {
    this.#health.tried({ outcome: 'refused', why: messageOf(error) })
    this.#lose(batch)
    this.#guard.failed(error)
  }
}
