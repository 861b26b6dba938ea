import type { ComponentType, VNode } from 'preact'
import { useLayoutEffect, useState } from 'preact/hooks'
import { html, part } from '../html.ts'

type Page = ComponentType<{ traceId: string }>

let loaded: Page | undefined

/** The trace screen is a chunk of its own: the list paints without it. */
export function LazyTrace({ traceId }: { traceId: string }): VNode {
  const [page, setPage] = useState(loaded && { page: loaded })
  useLayoutEffect(() => {
    if (!page) void load().then((found) => setPage({ page: found }))
  }, [])
  return page ? part(page.page, { traceId }) : html`<p class="wait muted">Loading…</p>`
}

/** Fetches the chunk once the list has nothing better to do, so that the first click opens at once. */
export function preloadTracePage(): void {
  setTimeout(() => void load(), 1_500)
}

async function load(): Promise<Page> {
  const { TracePage } = await import('../trace/page.ts')
  loaded = TracePage
  return TracePage
}
