export interface LiveLimits {
  pages: number
  /** Milliseconds between two frames of one page. */
  tickMs: number
  /** Bytes that may wait for one page, and for all together. */
  pageBytes: number
  totalBytes: number
  /** A page that reads too slowly for so long is dropped. */
  slowMs: number
  pingMs: number
  /**
   * A page that left so many pings unanswered is dropped. Not one that was silent for so long: a process that stood still, for a debugger or a
   * loaded machine, looks at its clock before it reads what came meanwhile.
   */
  unansweredPings: number
  /** Messages that a page may send in a second. */
  messagesPerSecond: number
  /** Traces in one frame. */
  rows: number
  /** In-flight requests in one frame. */
  inFlight: number
  /**
   * Milliseconds that one tick may read for the pages that are up to date, and again for all others. The host waits for no read of ours
   * longer than 10; the rest is for the frames. Until the code is warm, 500 rows alone take as much.
   */
  readMs: number
}

export const defaultLiveLimits: LiveLimits = {
  pages: 20,
  tickMs: 100,
  pageBytes: 512 * 1024,
  totalBytes: 8 * 1024 * 1024,
  slowMs: 10_000,
  pingMs: 30_000,
  unansweredPings: 2,
  messagesPerSecond: 30,
  rows: 500,
  inFlight: 100,
  readMs: 4
}
