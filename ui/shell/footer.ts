import type { VNode } from 'preact'
import { formatAge, formatBytes, formatCount, formatMany } from '../format.ts'
import { html } from '../html.ts'
import { statusHref } from '../route.ts'
import { listCounts, status } from '../state.ts'

/** The memory of the process in one line: what it holds, how much of what it may, and what was lost. */
export function Footer(): VNode {
  const current = status.value
  if (!current) return html`<footer class="strip"></footer>`
  const { ring, kept } = current
  // The list hears of a trace at once, the status every few seconds.
  const traces = Math.max(ring.traces, listCounts.value.size)
  const full = ring.capacity > 0 ? Math.min(100, (ring.bytes / ring.capacity) * 100) : 0
  return html`<footer class="strip">
    <span>${formatMany(traces, 'trace')} in memory</span>
    <span class="gauge-line">
      <span class="gauge data-mark" aria-hidden="true"><i style=${`width:${full.toFixed(1)}%`}></i></span>
      ${formatBytes(ring.bytes)} of ${formatBytes(ring.capacity)}</span>
    ${ring.oldest > 0 && html`<span class="wide">oldest ${formatAge(Date.now() - ring.oldest)}</span>`}
    ${kept.traces > 0 && html`<span class="wide" title="Errors, the slowest of each route and what was pinned: they stay when newer traces need the room">${formatCount(kept.traces)} kept longer</span>`}
    ${ring.evicted > 0 && html`<span class="wide">${formatMany(ring.evicted, 'span')} made room</span>`}
    <span class="space"></span>
    ${ring.dropped > 0 && html`<a class="warn" href=${statusHref()}>${formatMany(ring.dropped, 'span')} dropped</a>`}
    <span class="wide">${current.mode} mode</span>
    <span class="wide">v${current.version}</span>
  </footer>`
}
