import type { IngestResult } from '../serve/intake.ts'

interface Count {
  bodies: number
  spans: number
}

/** How much came by which way. */
export class Tally {
  readonly #counts = new Map<string, Count>()

  /** Counts what a body gave once it was read. */
  async count(way: string, reading: Promise<IngestResult>): Promise<IngestResult> {
    const result = await reading
    if (!('error' in result)) {
      const count = this.#of(way)
      count.bodies++
      count.spans += result.spans
    }
    return result
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
