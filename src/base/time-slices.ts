/** Milliseconds of work in one piece. The host waits for nothing of ours longer than 10; the rest is for the item that crosses the line. */
const sliceMs = 5

export interface TimeSlices {
  /** True once the whole budget is spent. */
  readonly over: boolean
  /** Whether it is time to let the host go on. */
  readonly due: boolean
  /** Lets the host go on. */
  pause(): Promise<void>
}

// Immediates that wait are all called in one turn: ten reads at a time would block the host for ten slices. So they queue up, in this
// process that has one event loop.
let lastTurn = Promise.resolve()

function ownTurn(): Promise<void> {
  lastTurn = lastTurn.then(
    () =>
      new Promise<void>((resolve) => {
        setImmediate(resolve)
      })
  )
  return lastTurn
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
      await ownTurn()
      sliceBegin = now()
    }
  }
}

/** Does work that yields wherever the host may go on, in short pieces. */
export async function inSlices<T>(work: Iterator<unknown, T>, now: () => number): Promise<T> {
  const slices = createTimeSlices(now, Number.POSITIVE_INFINITY)
  // Several pieces of work may begin in one turn.
  await slices.pause()
  for (;;) {
    const { done, value } = work.next()
    if (done === true) return value
    if (slices.due) await slices.pause()
  }
}
