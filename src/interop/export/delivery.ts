import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Delivery, Destination, ExportRequest, Transport } from './destination.ts'
import type { Health } from './health.ts'
import type { Batch } from './queue.ts'
import { within } from './within.ts'

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
// Where the credentials are right and the account may not write, others change nothing.
const otherCredentialsMs = 60_000

/** Takes one batch after the other to its destination, again and again if need be. */
export class Deliveries {
  readonly #setup: DeliverySetup
  #endPause: (() => void) | undefined
  #otherCredentialsAt = Number.NEGATIVE_INFINITY

  constructor(setup: DeliverySetup) {
    this.#setup = setup
  }

  /** Tells what became of a batch in the end: it arrived, is too large for one request, or will never arrive. */
  async deliver(batch: Batch): Promise<Delivery> {
    const { health, retryMs, giveUpMs, signal } = this.#setup
    const body = await this.#bodyOf(batch)
    const begin = performance.now()
    for (let pause = retryMs; ; pause = Math.min(pause * 2, maxPauseMs)) {
      const delivery = await this.#try(body)
      const { outcome, retryAfterMs = 0 } = delivery
      if (signal.aborted || outcome === 'sent' || outcome === 'too large') return delivery
      health.tried(delivery)
      const again = outcome === 'retry' || outcome === 'stale'
      if (!again || performance.now() - begin > giveUpMs) return delivery
      // Plus or minus a quarter: processes that lost the same collector must not all come back at once. Never sooner than that, whatever is
      // asked for: "Retry-After: 0" is a loop without a pause.
      await this.#pause(Math.max(retryAfterMs, pause * (0.75 + Math.random() / 2)))
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

  /** One try, with all that may be done about its outcome at once. */
  async #try(body: Buffer): Promise<Delivery> {
    let delivery = await this.#send(body, false)
    if (delivery.outcome === 'stale') delivery = await this.#send(body, false)
    if (delivery.outcome !== 'unauthorized' || !this.#mayAskForOthers()) return delivery
    return this.#send(body, true)
  }

  #mayAskForOthers(): boolean {
    const now = performance.now()
    const { authorize } = this.#setup.destination
    if (authorize === undefined || now - this.#otherCredentialsAt < otherCredentialsMs) return false
    this.#otherCredentialsAt = now
    return true
  }

  async #send(body: Buffer, refused: boolean): Promise<Delivery> {
    const { destination, transport, signal } = this.#setup
    const request = transport.request(body, destination.compression === 'gzip')
    try {
      const authorized = await this.#authorized(request, refused)
      // Closed meanwhile, it would open a connection that nobody ends, and deliver what was counted as lost.
      signal.throwIfAborted()
      return await transport.send(authorized, signal)
    } catch (error) {
      // Without credentials, or by something that others have put in the place of Node's own functions.
      return { outcome: 'retry', why: messageOf(error) }
    }
  }

  async #authorized(request: ExportRequest, refused: boolean): Promise<ExportRequest> {
    const { authorize, timeoutMs } = this.#setup.destination
    if (authorize === undefined) return request
    const tooLong = `no credentials within ${timeoutMs} ms`
    const headers = await within(timeoutMs, authorize(request, refused), tooLong)
    return { ...request, headers: { ...request.headers, ...headers } }
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

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
