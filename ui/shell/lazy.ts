import type { ComponentType, VNode } from 'preact'
import { useLayoutEffect, useState } from 'preact/hooks'
import { html, part } from '../html.ts'

type Page = ComponentType<{ traceId: string }>

let loaded: Page | undefined

/** The trace screen is a chunk of its own: the list paints without it. */
export function LazyTrace({ traceId }: { traceId: string }): VNode {
  const [page, setPage] = useState(loaded && { page: loaded })
  const [failed, setFailed] = useState(false)
  useLayoutEffect(() => {
    if (page) return
    load().then(
      (found) => setPage({ page: found }),
      () => setFailed(true)
    )
  }, [])
  if (page) return part(page.page, { traceId })
  if (!failed) return html`<p class="wait muted">Loading…</p>`
  return html`<section class="empty">
    <h1>This screen could not be loaded</h1>
    <p class="muted">The process is away, or it was updated since this page was opened.</p>
    <p><button onClick=${() => location.reload()}>Reload</button></p>
  </section>`
}

/** Fetches the chunk once the list has nothing better to do, so that the first click opens at once. */
export function preloadTracePage(): void {
  // A failure shows when the screen is asked for.
  setTimeout(() => load().catch(() => {}), 1_500)
}

async function load(): Promise<Page> {
  const { TracePage } = await import('../trace/page.ts')
  loaded = TracePage
  return TracePage
}
