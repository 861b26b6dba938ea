import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { authorized } from './authorize.ts'
import type { Delivery, Destination, Transport } from './destination.ts'
import type { Health } from './health.ts'
import type { Batch } from './queue.ts'

interface DeliverySetup {
  readonly destination: Destination
  readonly transport: Transport
  readonly health: Health
  /** Milliseconds before the second try; doubled with each further one. */
  readonly retryMs: number
  /** Milliseconds for which a batch is tried. */
  readonly giveUpMs: number
  readonly signal: AbortSignal
}

// What comes back after an outage of any length is found within five seconds.
const maxPauseMs = 4000
const maxRetryAfterMs = 60_000
const closed: Delivery = { outcome: 'retry', why: 'closed' }

/** Takes one batch after the other to its destination, again and again if need be. */
export class Deliveries {
  readonly #setup: DeliverySetup
  #endPause: (() => void) | undefined

  constructor(setup: DeliverySetup) {
    this.#setup = setup
  }

  /** Tells what became of a batch in the end: it arrived, is too large for one request, or will never arrive. */
  async deliver(batch: Batch): Promise<Delivery> {
    const { health, retryMs, giveUpMs, signal } = this.#setup
    const body = await this.#bodyOf(batch)
    const begin = performance.now()
    for (let pause = retryMs; ; pause = Math.min(pause * 2, maxPauseMs)) {
      let delivery = await this.#try(body)
      if (delivery.outcome === 'stale') delivery = await this.#try(body)
      const { outcome, retryAfterMs } = delivery
      if (signal.aborted || outcome === 'sent' || outcome === 'too large') return delivery
      health.tried(delivery)
      if (outcome === 'refused' || performance.now() - begin > giveUpMs) return delivery
      // Plus or minus a quarter: processes that lost the same collector must not all come back at once.
      await this.#pause(retryAfterMs ?? pause * (0.75 + Math.random() / 2))
      if (signal.aborted) return delivery
    }
  }

  /** Ends the pause between two tries, if there is one. */
  hurry(): void {
    this.#endPause?.()
  }

  async #bodyOf({ pieces }: Batch): Promise<Buffer> {
    const { format, compression } = this.#setup.destination
    const body = await format.body(pieces.map(({ record }) => record))
    const plain = typeof body === 'string' ? Buffer.from(body) : asBuffer(body)
    return compression === 'none' ? plain : zipped(plain, { level: 1 })
  }

  async #try(body: Buffer): Promise<Delivery> {
    const { destination, transport, signal } = this.#setup
    const plain = transport.request(body, destination.compression === 'gzip')
    const request = await authorized(destination, plain)
    if ('outcome' in request) return request
    // Closed meanwhile, it would open a connection that nobody ends, and deliver what was counted as lost.
    return signal.aborted ? closed : transport.send(request, signal)
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

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}
