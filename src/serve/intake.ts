import { Bucket } from '../base/bucket.ts'
import type { Report } from '../base/report.ts'
import type { Refusal, Verdict, Visit } from './gate.ts'
import type { IngestFormat, Taken } from './ingest-protocols.ts'

/** Takes the spans of one body. `rejected` of them were not kept, for the reason that `message` says; `error` when it is not of that format. */
export type Ingest = (body: Buffer, format: IngestFormat) => Promise<IngestResult>

export type IngestResult =
  | { readonly rejected: number; readonly message: string; readonly spans: number }
  | { readonly error: string }

export interface IntakeSetup {
  readonly ingest: Ingest
  readonly report: Report
  /** @default embeddedRates */
  readonly ingestRates?: IngestRates | undefined
}

/** How much is taken before senders are told to wait. */
export interface IngestRates {
  /** Bodies in memory. */
  readonly atOnce: number
  readonly requestsPerSecond: number
  readonly spansPerSecond: number
}

/** In a process that has its own requests to answer. */
const embeddedRates: IngestRates = {
  atOnce: 4,
  requestsPerSecond: 50,
  spansPerSecond: 20_000
}

/** What a door for spans needs, over whatever protocol: the rule that its senders must pass, and where the bodies go. All doors share both. */
export interface Senders {
  judge(visit: Visit & { readonly door: 'ingest' }): Verdict
  readonly intake: Pick<Intake, 'take'>
}

/** Bodies of spans, from whichever door: bounded in rate and in number, and taken one after the other. */
export class Intake {
  readonly #setup: IntakeSetup
  readonly #atOnce: number
  readonly #requests: Bucket
  readonly #spans: Bucket
  #running = 0
  // Each body lets the host go on after a few milliseconds, and four at a time would take as many each in between.
  #last: Promise<unknown> = Promise.resolve()

  constructor(setup: IntakeSetup) {
    this.#setup = setup
    const { atOnce, requestsPerSecond, spansPerSecond } = setup.ingestRates ?? embeddedRates
    this.#atOnce = atOnce
    this.#requests = new Bucket(requestsPerSecond)
    this.#spans = new Bucket(spansPerSecond)
  }

  /** `read` is called when there is room for a body, and gives it or what to answer instead. Counts what it refuses; rejects as `read` does. */
  async take(
    format: IngestFormat,
    read: () => Buffer | Refusal | Promise<Buffer | Refusal>
  ): Promise<Taken | Refusal> {
    if (this.#running >= this.#atOnce || this.#spans.empty || !this.#requests.take(1))
      return this.#refuse(tooFast)
    this.#running++
    try {
      const body = await read()
      if (!Buffer.isBuffer(body)) return this.#refuse(body)
      const taken = this.#last.then(() => this.#setup.ingest(body, format))
      this.#last = taken.catch(() => {})
      const result = await taken
      if ('error' in result)
        return this.#refuse({ ok: false, status: 400, error: result.error, hint: '' })
      this.#spans.take(result.spans)
      return result
    } finally {
      this.#running--
    }
  }

  #refuse(refusal: Refusal): Refusal {
    this.#setup.report.drop('ingest refused')
    return refusal
  }
}

const tooFast: Refusal = {
  ok: false,
  status: 429,
  error: 'spans come faster than they can be kept',
  hint: ''
}
