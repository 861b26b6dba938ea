import type { VNode } from 'preact'
import type { SpanDetail } from '../../src/wire/trace.ts'
import { formatDuration, visible } from '../format.ts'
import { html } from '../html.ts'

/** Log lines with their time after `from` (epoch milliseconds) and level; the level is a word, its colour only helps. */
export function LogLines({ logs, from }: { logs: SpanDetail['logs']; from: number }): VNode {
  return html`<ul class="logs">
    ${logs.map(
      (log) => html`<li class=${`log ${log.severity}`}>
        <span class="muted when">+${formatDuration(log.time - from)}</span>
        <span class="level">${log.severity}</span>
        <span class="text">${visible(log.body)}</span>
      </li>`
    )}
  </ul>`
}
