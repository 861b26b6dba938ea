/** Eleven minutes at one every 20 ms, 720 kB of which the kernel gives what is written to. */
const defaultCapacity = 32_768

/** What the process did from the sample before it up to `to`, in milliseconds. */
export interface Sample {
  /** Epoch milliseconds. */
  readonly to: number
  /** Work of the event loop that is in no block. */
  readonly busy: number
  /** A timer was late by. */
  readonly delay: number
  /** Bytes in use. */
  readonly heap: number
  readonly inFlight: number
}

/** The newest samples, without an object for each. They touch each other: every moment between the oldest and the newest is in one. */
export class Samples {
  readonly #to: Float64Array
  readonly #busy: Float32Array
  readonly #delay: Float32Array
  readonly #heap: Float64Array
  readonly #inFlight: Uint16Array
  #count = 0
  #since: number

  constructor(since: number, capacity: number = defaultCapacity) {
    this.#since = since
    this.#to = new Float64Array(capacity)
    this.#busy = new Float32Array(capacity)
    this.#delay = new Float32Array(capacity)
    this.#heap = new Float64Array(capacity)
    this.#inFlight = new Uint16Array(capacity)
  }

  add(sample: Sample): void {
    const i = this.#count % this.#to.length
    if (this.#count >= this.#to.length) this.#since = this.#to[i] as number
    this.#to[i] = sample.to
    this.#busy[i] = sample.busy
    this.#delay[i] = sample.delay
    this.#heap[i] = sample.heap
    this.#inFlight[i] = Math.min(65_535, sample.inFlight)
    this.#count++
  }

  /** From where on what happened is known. */
  get since(): number {
    return this.#since
  }

  /** Those that have a part in the stretch, in order, and where the first of them begins. */
  between(from: number, to: number): { begin: number; samples: Sample[] } {
    const capacity = this.#to.length
    const samples: Sample[] = []
    let begin = this.#since
    for (let n = this.#first(from); n < this.#count; n++) {
      const i = n % capacity
      if (samples.length === 0 && n > Math.max(0, this.#count - capacity))
        begin = this.#to[(n - 1) % capacity] as number
      if (samples.length > 0 && (samples.at(-1) as Sample).to >= to) break
      samples.push({
        to: this.#to[i] as number,
        busy: this.#busy[i] as number,
        delay: this.#delay[i] as number,
        heap: this.#heap[i] as number,
        inFlight: this.#inFlight[i] as number
      })
    }
    return { begin, samples }
  }

  /** Number of the first sample that ends after the moment, by halving. */
  #first(moment: number): number {
    let low = Math.max(0, this.#count - this.#to.length)
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#to[middle % this.#to.length] as number) > moment) high = middle
      else low = middle + 1
    }
    return low
  }
}
