import type { IngestResult, Intake, Senders } from '../serve/intake.ts'

interface Count {
  bodies: number
  spans: number
}

/** How much came by which way. */
export class Tally {
  readonly #counts = new Map<string, Count>()
  readonly #ways = new WeakMap<Buffer, string>()

  /** Counts what a body gave once it was read, under its format or the door that it came by. */
  async count(body: Buffer, format: string, reading: Promise<IngestResult>): Promise<IngestResult> {
    const result = await reading
    if (!('error' in result)) {
      const count = this.#of(this.#ways.get(body) ?? format)
      count.bodies++
      count.spans += result.spans
    }
    return result
  }

  /** The same for a door whose bodies have the format of another one's. */
  apart(way: string, senders: Senders): Senders {
    const take: Intake['take'] = (format, read) =>
      senders.intake.take(format, async () => {
        const body = await read()
        if (Buffer.isBuffer(body)) this.#ways.set(body, way)
        return body
      })
    return { judge: (visit) => senders.judge(visit), intake: { take } }
  }

  /** Of all ways whose names begin so. */
  of(prefix: string): Readonly<Count> {
    const sum = { bodies: 0, spans: 0 }
    for (const [way, { bodies, spans }] of this.#counts) {
      if (!way.startsWith(prefix)) continue
      sum.bodies += bodies
      sum.spans += spans
    }
    return sum
  }

  #of(way: string): Count {
    let count = this.#counts.get(way)
    if (count === undefined) this.#counts.set(way, (count = { bodies: 0, spans: 0 }))
    return count
  }
}
