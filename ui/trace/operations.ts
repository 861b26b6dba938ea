import { useState } from 'preact/hooks'
import type { VNode } from 'preact'
import { categories } from '../../src/wire/trace.ts'
import { formatCount, formatDuration, visible } from '../format.ts'
import { html } from '../html.ts'
import { Icon, type IconName } from '../icons.ts'
import { categoryName, colourOf } from './colours.ts'
import type { Model } from './model.ts'
import { operations, sortOperations, type OperationOrder } from './table.ts'
import type { View } from './view.ts'

const heads: readonly { by: OperationOrder; title: string }[] = [
  { by: 'name', title: 'Operation' },
  { by: 'count', title: 'Count' },
  { by: 'self', title: 'Self' },
  { by: 'total', title: 'Total' },
  { by: 'max', title: 'Longest' },
  { by: 'errors', title: 'Errors' }
]

/** What the trace spent its time on, spans of the same operation together. */
export function Operations({ view, model }: { view: View; model: Model }): VNode {
  const [order, setOrder] = useState<{ by: OperationOrder; down: boolean }>({
    by: 'self',
    down: true
  })
  const list = sortOperations(operations(model.columns), order.by, order.down)
  const all = list.reduce((sum, operation) => sum + operation.self, 0) || 1
  const several = model.columns.services.length > 1
  const sort = (by: OperationOrder) =>
    setOrder({ by, down: order.by === by ? !order.down : by !== 'name' })
  const show = (row: number) => {
    view.setTab('timeline')
    view.select(row, 'push')
  }
  return html`<div class="tab-body table-wrap" tabindex="0" role="region" aria-label="Operations of the trace"><table class="operations">
    <thead>
      <tr>
        ${heads.map(
          ({
            by,
            title
          }) => html`<th scope="col" class=${by === 'name' ? '' : `num ${by}`} aria-sort=${order.by === by ? (order.down ? 'descending' : 'ascending') : 'none'}>
            <button type="button" class="plain" onClick=${() => sort(by)}>${title}${order.by === by ? (order.down ? ' ↓' : ' ↑') : ''}</button>
          </th>`
        )}
        <th scope="col" class="part">Share of self time</th>
      </tr>
    </thead>
    <tbody>
      ${list.map(
        (operation) => html`<tr>
          <th scope="row">
            <span class=${`glyph data-mark c${colourOf(model, operation.rows[0] ?? 0, view.colour.value)}`} title=${categoryName(operation.category)}><${Icon} ...${{ name: categories[operation.category] as IconName, small: true }} /></span>
            ${several && html`<span class="service">${visible(operation.service)}</span>`}
            <button type="button" class="plain link clip" onClick=${() => show(operation.rows[0] ?? 0)}>${visible(operation.name)}</button>
          </th>
          <td class="num">${formatCount(operation.count)}</td>
          <td class="num">${formatDuration(operation.self / 1000)}</td>
          <td class="num total">${formatDuration(operation.total / 1000)}</td>
          <td class="num max">${formatDuration(operation.max / 1000)}</td>
          <td class=${operation.errors > 0 ? 'num error-text' : 'num muted'}>${operation.errors > 0 && html`<${Icon} ...${{ name: 'error', small: true } as const} /> ${formatCount(operation.errors)}`}</td>
          <td class="part"><span class="share"><span class="share-figure">${percent(operation.self / all)}</span><span class="share-bar" aria-hidden="true"><span class=${`data-mark c${colourOf(model, operation.rows[0] ?? 0, view.colour.value)}`} style=${`width:${((operation.self / all) * 100).toFixed(1)}%`}></span></span></span></td>
        </tr>`
      )}
    </tbody>
  </table></div>`
}

function percent(share: number): string {
  return share > 0 && share < 0.01 ? '<1 %' : `${Math.round(share * 100)} %`
}
