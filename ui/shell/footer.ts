import type { VNode } from 'preact'
import type { SavedPage } from '../../src/wire/saved.ts'
import {
  formatAge,
  formatBytes,
  formatCount,
  formatMany,
  formatMoment,
  isoTime,
  visible
} from '../format.ts'
import { html, part } from '../html.ts'
import { statusHref } from '../route.ts'
import { listCounts, saved, status, zone } from '../state.ts'

/** The memory of the process in one line: what it holds, how much of what it may, and what was lost. */
export function Footer(): VNode {
  const current = status.value
  if (saved.value) return part(SavedFooter, saved.value)
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

/** What a file holds, and when and of whom it was taken. */
function SavedFooter({ traces, left, service, savedAt, version }: SavedPage): VNode {
  return html`<footer class="strip">
    <span>${formatMany(traces.length, 'trace')} saved from <b>${visible(service)}</b> on <time datetime=${isoTime(savedAt)}>${formatMoment(savedAt, zone.value)}</time></span>
    ${left > 0 && html`<span class="warn-text">${formatMany(left, 'trace')} more matched and found no room</span>`}
    <span class="space"></span>
    <span class="wide">secrets were removed when it was recorded</span>
    <span class="wide">Spanlight v${version}</span>
  </footer>`
}
