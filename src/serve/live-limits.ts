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
  /** A page that was not heard of for so long is dropped. */
  silentMs: number
  /** Messages that a page may send in a second. */
  messagesPerSecond: number
  /** Traces in one frame. */
  rows: number
  /** In-flight requests in one frame. */
  inFlight: number
  /** Milliseconds after which a tick begins nothing more for pages that have a filter or are behind: no read of ours may block for 10. */
  ownMs: number
}

export const defaultLiveLimits: LiveLimits = {
  pages: 20,
  tickMs: 100,
  pageBytes: 512 * 1024,
  totalBytes: 8 * 1024 * 1024,
  slowMs: 10_000,
  pingMs: 30_000,
  silentMs: 60_000,
  messagesPerSecond: 30,
  rows: 500,
  inFlight: 100,
  ownMs: 5
}
