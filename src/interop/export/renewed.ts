/** Something that is good until a moment; for ever without one. */
export interface Expiring {
  /** Milliseconds since 1970. */
  readonly expiresAt?: number | undefined
}

// As AWS's SDKs and Google's libraries do it: clocks differ, and a request may wait before it leaves.
const earlyMs = 5 * 60_000

/**
 * What `load` gives, kept until five minutes before it expires, or until it is said to have been refused. However many ask, it is loaded once
 * at a time; what is still good stays in use when loading fails.
 */
export function renewed<T extends Expiring>(
  load: () => Promise<T>,
  now: () => number = Date.now
): (refused?: boolean) => Promise<T> {
  let last: T | undefined
  let pending: Promise<T> | undefined
  const lasts = (ms: number): boolean =>
    last !== undefined && (last.expiresAt === undefined || now() + ms < last.expiresAt)

  async function renew(): Promise<T> {
    try {
      return (last = await load())
    } catch (error) {
      if (lasts(0)) return last as T
      throw error
    } finally {
      pending = undefined
    }
  }
  return (refused = false) => {
    if (refused) last = undefined
    return lasts(earlyMs) ? Promise.resolve(last as T) : (pending ??= renew())
  }
}
