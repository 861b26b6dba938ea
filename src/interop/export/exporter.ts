import { validateHeaderName, validateHeaderValue } from 'node:http'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Report } from '../../base/report.ts'
import { createGuard, type Guard } from '../../base/safely.ts'
import type { TraceRecord } from '../../base/span-data.ts'
import { rootContext, runIn, suppressed } from '../../context/context.ts'
import { authorized } from './authorize.ts'
import type { Delivery, Destination, Transport } from './destination.ts'
import { isHttp, shown } from './environment.ts'
import { createHttp } from './http.ts'
import { type Batch, ExportQueue } from './queue.ts'

export interface ExporterSetup {
  readonly destination: Destination
  readonly report: Report
  /** Spans that may wait; more are counted and dropped. @default 2048 */
  readonly maxQueue?: number | undefined
  /** Milliseconds that the first span of a batch waits for others. @default 1000 */
  readonly intervalMs?: number | undefined
  /** Milliseconds before the second try; doubled with each further one, plus or minus half. @default 1000 */
  readonly retryMs?: number | undefined
}

/** Sends records on to one destination. Nothing of it throws, waits or keeps the process alive, whatever the other side does. */
export interface Exporter {
  /** Takes a record that just ended; it is copied before the call returns. */
  export(record: TraceRecord): void
  /** Sends what waits now. True when it all arrived; false after `timeoutMs` (default 5000) or when it cannot be delivered. */
  flush(timeoutMs?: number): Promise<boolean>
  /** Sends what waits, for `flushMs` (default 500) at most, and ends. What is left then is counted as lost. */
  close(flushMs?: number): Promise<void>
}

const maxTries = 5
const maxPauseMs = 30_000
const maxRetryAfterMs = 60_000

/** Throws a TypeError when `url` is no http or https URL or a header cannot be sent. */
export function createExporter(setup: ExporterSetup): Exporter {
  const { url, headers } = setup.destination
  if (!isHttp(url)) throw new TypeError("spanlight: option 'export' must be an http(s) URL")
  checkHeaders(headers)
  const sender = new Sender(setup)
  // Timers and sockets remember the context they were made in: not the request's that just ended, and one in which our own requests are
  // not traced.
  const quiet = suppressed(rootContext)
  return {
    export: (record) => runIn(quiet, () => sender.export(record)),
    flush: (timeoutMs = 5000) => runIn(quiet, () => sender.flush(timeoutMs)),
    close: (flushMs = 500) => runIn(quiet, () => sender.close(flushMs))
  }
}

function checkHeaders(headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) {
    try {
      validateHeaderName(name)
      validateHeaderValue(name, value)
    } catch {
      throw new TypeError(
        `spanlight: option 'export.headers' has a header '${name}' that cannot be sent`
      )
    }
  }
}

class Sender {
  readonly #setup: ExporterSetup
  readonly #guard: Guard
  readonly #destination: Destination
  readonly #transport: Transport
  readonly #queue: ExportQueue
  readonly #stop = new AbortController()
  readonly #flushes = new Set<() => void>()
  #timer: NodeJS.Timeout | undefined
  #endPause: (() => void) | undefined
  #sending = false
  #failing = false
  /** Spans lost since it began to fail. */
  #lost = 0

  constructor(setup: ExporterSetup) {
    const { destination, report } = setup
    this.#setup = setup
    this.#destination = destination
    this.#guard = createGuard('export', report)
    this.#queue = new ExportQueue(setup.maxQueue ?? 2048, destination.maxBatch)
    this.#transport = createHttp(destination)
  }

  export(record: TraceRecord): void {
    this.#guard(() => {
      if (this.#stop.signal.aborted) return
      const admit = this.#destination.admit
      const admitted = admit === undefined ? record : admit(record)
      if (admitted === undefined) return
      const lost = this.#queue.add(admitted)
      if (lost > 0) {
        this.#setup.report.drop('export queue full', lost)
        if (this.#failing) this.#lost += lost
      }
      this.#wake(this.#queue.fillsBatch ? 0 : (this.#setup.intervalMs ?? 1000))
    })
  }

  async flush(timeoutMs: number): Promise<boolean> {
    if (this.#queue.spans === 0) return !this.#failing
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
      this.#endPause?.()
      this.#wake(0)
    })
    return this.#queue.spans === 0 && !this.#failing
  }

  async close(flushMs: number): Promise<void> {
    if (this.#stop.signal.aborted) return
    if (flushMs > 0) await this.flush(flushMs)
    clearTimeout(this.#timer)
    this.#stop.abort()
    this.#endPause?.()
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
      void this.#drain()
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
    const { format, compression } = this.#destination
    const plain = Buffer.from(await format.body(batch.pieces.map(({ record }) => record)))
    const body = compression === 'none' ? plain : await zipped(plain, { level: 1 })
    for (let tries = 1; !this.#stop.signal.aborted; tries++) {
      let delivery = await this.#try(body)
      if (delivery.outcome === 'stale') delivery = await this.#try(body)
      if (this.#stop.signal.aborted) return
      if (delivery.outcome === 'sent') return this.#sent(batch, delivery)
      this.#fail(delivery)
      if (delivery.outcome === 'refused' || tries === maxTries) return this.#lose(batch)
      await this.#pause(delivery.retryAfterMs ?? this.#backOff(tries))
    }
  }

  async #try(body: Buffer): Promise<Delivery> {
    const plain = this.#transport.request(body, this.#destination.compression === 'gzip')
    const request = await authorized(this.#destination, plain)
    return 'outcome' in request ? request : this.#transport.send(request, this.#stop.signal)
  }

  #sent(batch: Batch, { answer }: Delivery): void {
    this.#queue.settle(batch)
    const { report } = this.#setup
    const rejected = (answer && this.#destination.format.rejected?.(answer)) ?? 0
    if (rejected > 0) {
      report.drop('export failed', Math.min(rejected, batch.spans))
      report.once(`${shown(this.#destination.url)} rejected some of the exported spans`)
    }
    if (!this.#failing) return
    this.#failing = false
    report.say(
      `export to ${shown(this.#destination.url)} works again; ${this.#lost} spans were lost`
    )
    this.#lost = 0
  }

  #lose(batch: Batch): void {
    this.#queue.settle(batch)
    this.#lost += batch.spans
    this.#setup.report.drop('export failed', batch.spans)
  }

  // A fault of our own: the batch that met it must not stand in the way of all others.
  #giveUp(batch: Batch, error: unknown): void {
    this.#lose(batch)
    this.#guard.failed(error)
  }

  // One line when it begins, not one for each try: a collector that is not running is a usual thing.
  #fail({ outcome, why }: Delivery): void {
    if (this.#failing) return
    this.#failing = true
    const next = outcome === 'refused' ? 'its spans are lost' : 'it is tried again'
    this.#setup.report.say(`export to ${shown(this.#destination.url)} fails (${why}); ${next}`)
  }

  #backOff(tries: number): number {
    const ms = (this.#setup.retryMs ?? 1000) * 2 ** (tries - 1)
    return Math.min(maxPauseMs, ms * (0.5 + Math.random()))
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#endPause = undefined
        resolve()
      }
      const timer = setTimeout(done, Math.min(ms, maxRetryAfterMs)).unref()
      this.#endPause = done
    })
  }
}

const zipped: (body: Buffer, options: { level: number }) => Promise<Buffer> = promisify(gzip)
