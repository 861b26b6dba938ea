import { useMemo } from 'preact/hooks'
import type { VNode } from 'preact'
import { categories } from '../../src/wire/trace.ts'
import { formatDuration, formatMany, visible } from '../format.ts'
import { html } from '../html.ts'
import { Icon, type IconName } from '../icons.ts'
import { categoryName } from './colours.ts'
import type { Model } from './model.ts'
import { shares, type Share } from './shares.ts'
import type { View } from './view.ts'

const most = 8

/** What the colours stand for, and with it the first two questions: who took part, and what did the response wait for? */
export function Legend({ view, model }: { view: View; model: Model }): VNode {
  const by = view.colour.value
  const all = useMemo(() => shares(model, by), [model, by])
  const total = all.reduce((sum, { time }) => sum + time, 0)
  const several = model.columns.services.length > 1
  return html`<div class="legend">
    ${
      several &&
      html`<label class="colour"><span>Colour by</span>
          <select onChange=${(event: Event) => (view.colour.value = (event.target as HTMLSelectElement).value as 'kind' | 'service')}>
            <option value="service" selected=${by === 'service'}>service</option>
            <option value="kind" selected=${by === 'kind'}>kind</option>
          </select>
        </label>`
    }
    <ul aria-label=${by === 'service' ? 'Services' : 'Kinds of work'}>
      ${all.slice(0, most).map((share) => item(share, by, model, total))}
      ${all.length > most && html`<li class="muted">and ${all.length - most} more</li>`}
    </ul>
    ${view.tab.value === 'timeline' && html`<span class="muted path-key" title="The parts that the response had to wait for: shorten one of these and the response is faster"><i class="data-mark" aria-hidden="true"></i>critical path</span>`}
  </div>`
}

function item(share: Share, by: 'kind' | 'service', model: Model, total: number): VNode {
  const name =
    by === 'kind' ? categoryName(share.of) : visible(model.columns.services[share.of] ?? '')
  const part = total > 0 ? Math.round((share.time / total) * 100) : 0
  const says = `${formatMany(share.spans, 'span')}; the response waited ${formatDuration(share.time / 1000)} for it`
  return html`<li key=${share.of} title=${says}>
    <span class=${`swatch data-mark c${share.colour}`}>${by === 'kind' && html`<${Icon} ...${{ name: categories[share.of] as IconName, small: true }} />`}</span>
    <span class="clip">${name}</span> <span class="muted">${part > 0 || share.time === 0 ? `${part} %` : '<1 %'}</span> ${share.errors > 0 && html`<span class="error-text"><${Icon} ...${{ name: 'error', small: true, label: 'errors' } as const} /> ${share.errors}</span>`}
  </li>`
}
