import type { ComponentType, VNode } from 'preact'
import { useLayoutEffect, useState } from 'preact/hooks'
import { html, part } from '../html.ts'

/** A screen that is a chunk of its own: the list paints without it. */
class Lazy<P extends object> {
  readonly #fetch: () => Promise<ComponentType<P>>
  #loaded: ComponentType<P> | undefined

  constructor(fetch: () => Promise<ComponentType<P>>) {
    this.#fetch = fetch
  }

  async load(): Promise<ComponentType<P>> {
    return (this.#loaded ??= await this.#fetch())
  }

  readonly Screen = (props: P): VNode => {
    const [page, setPage] = useState(this.#loaded && { page: this.#loaded })
    const [failed, setFailed] = useState(false)
    useLayoutEffect(() => {
      if (page) return
      this.load().then(
        (found) => setPage({ page: found }),
        () => setFailed(true)
      )
    }, [])
    if (page) return part(page.page, props)
    if (!failed) return html`<p class="wait muted">Loading…</p>`
    return html`<section class="empty">
      <h1>This screen could not be loaded</h1>
      <p class="muted">The process is away, or it was updated since this page was opened.</p>
      <p><button onClick=${() => location.reload()}>Reload</button></p>
    </section>`
  }
}

const trace = new Lazy<{ traceId: string }>(
  async () => (await import('../trace/page.ts')).TracePage
)
const map = new Lazy<object>(async () => (await import('../map/map.ts')).MapPage)

export const LazyTrace: ComponentType<{ traceId: string }> = trace.Screen
export const LazyMap: ComponentType = map.Screen

/** Fetches the chunk once the list has nothing better to do, so that the first click opens at once. */
export function preloadTracePage(): void {
  // A failure shows when the screen is asked for.
  setTimeout(() => trace.load().catch(() => {}), 1_500)
}
