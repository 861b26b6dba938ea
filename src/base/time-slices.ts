/** Milliseconds of work in one piece. The host waits for no read of ours longer than 10; the rest is for the item that crosses the line. */
const sliceMs = 5

export interface TimeSlices {
  /** True once the whole budget is spent. */
  readonly over: boolean
  /** Whether it is time to let the host go on. */
  readonly due: boolean
  /** Lets the host go on. */
  pause(): Promise<void>
}

/** Divides long work into short pieces between which the event loop turns, up to a budget of milliseconds. */
export function createTimeSlices(now: () => number, budgetMs: number): TimeSlices {
  const begin = now()
  let sliceBegin = begin
  return {
    get over() {
      return now() - begin >= budgetMs
    },
    get due() {
      return now() - sliceBegin >= sliceMs
    },
    async pause() {
      await new Promise<void>((resolve) => {
        setImmediate(resolve)
      })
      sliceBegin = now()
    }
  }
}
