import './selection.css'
import { h, type VNode } from 'preact'
import { ExportButton } from '../files/menu-button.ts'
import { formatCount } from '../format.ts'
import { html, part } from '../html.ts'
import { Icon } from '../icons.ts'
import { useKeys } from '../keys.ts'
import { go, listHref } from '../route.ts'
import { clearMarks, marks } from './marks.ts'

/** Begins of ids that fit into a query. */
const most = { ids: 70, digits: 12 }

export interface SelectionProps {
  /** Whether a trace is among the rows, or waits for them. */
  isShown: (traceId: string) => boolean
}

/** What can be done with the traces that were chosen by hand. It lies over the end of the rows: in the flow it would move them. */
export function Selection({ isShown }: SelectionProps): VNode {
  useKeys('Selection', [{ keys: ['Escape'], shown: ['Esc'], does: 'give it up', run: leave }])
  const ids = [...(marks.value ?? [])]
  const hidden = ids.filter((id) => !isShown(id)).length
  const count =
    ids.length === 0
      ? 'Tick traces, by Shift whole ranges'
      : `${formatCount(ids.length)} selected${hidden > 0 ? `, ${formatCount(hidden)} not in this list` : ''}`
  const showOnly = (): void => {
    const begins = ids.map((id) => id.slice(0, most.digits))
    go(listHref({ q: `id:${begins.join(',')}` }), 'push')
  }
  return html`<div class="selection" role="group" aria-label="Selection">
    <span role="status">${count}</span>
    ${ids.length > 0 && part(ExportButton, { target: { ids } })}
    ${ids.length > 0 && ids.length <= most.ids && html`<button type="button" onClick=${showOnly}>Show only<span class="wide"> these</span></button>`}
    <button type="button" class="plain icon-only" aria-label="Clear the selection" title="Clear the selection (Esc)" onClick=${leave}>${h(Icon, { name: 'close' })}</button>
  </div>`
}

function leave(): void {
  clearMarks()
  document.querySelector<HTMLElement>('.traces-grid')?.focus({ preventScroll: true })
}
