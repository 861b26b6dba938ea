import type { Context } from '../../context/context.ts'

const maxPending = 16

/**
 * Tells a redirect's next attempt from a new call. Clients do not say which request follows which, but both are made in the same context and
 * the second asks for what the first one's `Location` named.
 */
export class Resends {
  readonly #pending: WeakMap<Context, Map<string, number>> = new WeakMap()

  /** Notes what a response sends its client to. Not a redirect, or no valid target: nothing. */
  note(context: Context, url: string, resends: number, status: number, location: unknown): void {
    if (status < 300 || status > 399 || typeof location !== 'string') return
    if (!URL.canParse(location, url)) return
    const target = new URL(location, url)
    target.hash = ''
    let pending = this.#pending.get(context)
    if (pending === undefined) this.#pending.set(context, (pending = new Map()))
    // Redirects that nobody follows must not pile up in a context that lives long.
    if (pending.size >= maxPending) pending.clear()
    pending.set(target.href, resends + 1)
  }

  /** How many attempts came before this one. */
  take(context: Context, url: string): number {
    const pending = this.#pending.get(context)
    const count = pending?.get(url)
    if (pending === undefined || count === undefined) return 0
    pending.delete(url)
    return count
  }
}
