import type { VNode } from 'preact'
import type { SpanSource } from '../../src/wire/source.ts'
import { beginningOf, categories, type SpanDetail } from '../../src/wire/trace.ts'
import { ApiProblem } from '../api.ts'
import { CopyButton } from '../copy-button.ts'
import { formatDuration, formatMoment, formatOffset, visible } from '../format.ts'
import { html } from '../html.ts'
import { Icon, type IconName } from '../icons.ts'
import { traceHref } from '../route.ts'
import { zone } from '../state.ts'
import { AttributeList } from './attributes.ts'
import { bodyKey, HttpBodies } from './body.ts'
import { Closer } from './closer.ts'
import { CallSite } from './call-site.ts'
import { clockMove, recordedText } from './clocks.ts'
import { CodeFrame } from './code-frame.ts'
import { categoryName, colourOf } from './colours.ts'
import { asCurl } from './curl.ts'
import { errorType, exceptionsOf, useDetail } from './detail.ts'
import { ErrorCard, Elsewhere } from './error-card.ts'
import { LogLines } from './log-lines.ts'
import { isOurs, type Model } from './model.ts'
import { isSiteKey, siteOf, useSource } from './source.ts'
import { Statement } from './statement.ts'
import type { View } from './view.ts'

/** Everything about the selected span. What it was, what broke, what it asked for, then the rest. */
export function Panel({ view, model }: { view: View; model: Model }): VNode {
  const row = view.selected.value
  const spanId = model.columns.spans.id[row] ?? ''
  const answer = useDetail(view.traceId, spanId, model)
  const detail = answer instanceof ApiProblem ? undefined : answer
  const source = useSource(view.traceId, model, row, detail)
  const close = () => {
    view.panelOpen.value = false
    focusGrid()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return
    event.preventDefault()
    focusGrid()
  }
  return html`<aside class="panel" tabindex="-1" aria-label="Details of the span" onKeyDown=${onKeyDown}>
    <header>
      <h2>
        <span class=${`glyph data-mark c${colourOf(model, row, view.colour.value)}`}>
          <${Icon} ...${{ name: categories[model.columns.spans.category[row] ?? 7] as IconName }} />
        </span>
        <span>${visible(model.columns.names[model.columns.spans.name[row] ?? -1] ?? '')}</span>
      </h2>
      <button type="button" class="plain icon-only" aria-label="Close the details" onClick=${close}><${Icon} ...${{ name: 'close' } as const} /></button>
    </header>
    <${Facts} ...${{ view, model, row, span: detail, source }} />
    ${answer instanceof ApiProblem && html`<p class="note" role="alert">${answer.message}. ${answer.hint}</p>`}
    ${detail !== undefined && html`<${Body} ...${{ view, model, row, span: detail, source }} />`}
  </aside>`
}

interface FactsProps {
  view: View
  model: Model
  row: number
  span: SpanDetail | undefined
  source: SpanSource | undefined
}

/** What is known without asking the server: shown at once, so that moving through rows never flickers. */
function Facts({ view, model, row, span, source }: FactsProps): VNode {
  const { spans, services, start, response } = model.columns
  const begin = spans.start[row] ?? 0
  const duration = spans.duration[row] ?? 0
  const share = model.columns.extent > 0 ? (duration / model.columns.extent) * 100 : 0
  const after = response >= 0 && begin + duration > response + 1 ? begin + duration - response : 0
  const moved = clockMove(model, row)
  const site = siteOf(model, row, span)
  return html`<dl class="facts">
    <dt>Service</dt>
    <dd>${visible(services[spans.service[row] ?? 0] ?? '')} <span class="muted">· ${categoryName(spans.category[row] ?? 7)}</span></dd>
    <dt>Duration</dt>
    <dd><b>${formatDuration(duration / 1000)}</b> <span class="muted">· ${share >= 1 ? `${Math.round(share)} % of the trace · ` : ''}self ${formatDuration((spans.self[row] ?? 0) / 1000)}</span></dd>
    <dt>Start</dt>
    <dd>${formatOffset(begin / 1000)} <span class="muted">· ${formatMoment(start + begin / 1000, zone.value)}</span></dd>
    ${moved !== 0 && html`<dt>Clock</dt><dd class="muted">${recordedText(start + begin / 1000, moved, zone.value)}</dd>`}
    ${after > 0 && html`<dt>Late</dt><dd class="warn-text">went on for ${formatDuration(after / 1000)} after the response was sent</dd>`}
    ${site !== undefined && html`<${CallSite} ...${{ view, model, site, frame: source?.site ?? undefined }} />`}
    <dt>Span</dt>
    <dd class="with-tool"><code>${spans.id[row]}</code> <${CopyButton} ...${{ text: new URL(traceHref(view.traceId, { s: spans.id[row] ?? '' }), location.href).href, label: 'Copy a link to this span', icon: 'link' } as const} /></dd>
  </dl>`
}

interface BodyProps extends FactsProps {
  span: SpanDetail
}

function Body({ view, model, row, span, source }: BodyProps): VNode {
  const curl = asCurl(span)
  const exceptions = exceptionsOf(span)
  const first = (...keys: string[]) => span.attributes.find(([key]) => keys.includes(key))
  // Others send the older names.
  const [statementKey, statement] = first('db.query.text', 'db.statement') ?? []
  const headers = span.attributes.filter(([key]) => headerKey.test(key))
  const attributes = span.attributes.filter(
    ([key]) => key !== statementKey && !headerKey.test(key) && !bodyKey.test(key) && !isSiteKey(key)
  )
  const events = span.events.filter((event) => event.name !== 'exception')
  const dropped = span.dropped.attributes + span.dropped.events + span.dropped.links
  return html`
    ${exceptions.map((exception, i) => html`<${ErrorCard} ...${{ exception, source: source?.stacks[i] }} />`)}
    ${
      exceptions.length === 0 &&
      span.status === 'error' &&
      html`<section class="error-card"><h3>Failed</h3><p>${visible(span.statusMessage || errorType(span) || 'The span has status error and says no more.')}</p></section>
        <${Elsewhere} ...${{ view, model, row }} />`
    }
    ${typeof statement === 'string' && html`<${Statement} ...${{ text: statement, system: String(first('db.system.name', 'db.system')?.[1] ?? '') }} />`}
    ${source?.site && html`<section><h3>Called from</h3><${CodeFrame} ...${{ frame: source.site, titled: false }} /></section>`}
    <${HttpBodies} ...${{ span }} />
    ${
      curl !== undefined &&
      html`<div class="actions"><${CopyButton} ...${{ text: curl, label: 'Copy as cURL', icon: 'copy', wide: true } as const} /></div>`
    }
    ${span.logs.length > 0 && html`<section><h3>Logs <span class="muted">${span.logs.length}</span></h3><${LogLines} ...${{ logs: span.logs, from: span.start }} /></section>`}
    ${isOurs(model, row) && html`<${Closer} ...${{ span }} />`}
    <${AttributeList} ...${{ title: 'Attributes', entries: attributes, filters: true }} />
    ${headers.length > 0 && html`<${AttributeList} ...${{ title: 'Headers', entries: headers.map(([key, value]) => [key.replace(headerKey, direction), value] as (typeof headers)[number]) }} />`}
    ${
      events.length > 0 &&
      html`<section><h3>Events <span class="muted">${events.length}</span></h3><ul class="events">
          ${events.map((event) => html`<li><span class="muted">${formatOffset(event.time - span.start)}</span> ${visible(event.name)}${event.attributes.length > 0 && html`<${AttributeList} ...${{ title: '', entries: event.attributes }} />`}</li>`)}
        </ul></section>`
    }
    ${
      span.links.length > 0 &&
      html`<section><h3>Links <span class="muted">${span.links.length}</span></h3><ul>
          ${span.links.map((link) => html`<li><a href=${traceHref(link.traceId, { s: link.spanId })}>trace <code>${beginningOf(link.traceId)}</code>, span <code>${link.spanId}</code></a></li>`)}
        </ul></section>`
    }
    <${AttributeList} ...${{ title: 'Resource', entries: span.resource, folded: true }} />
    ${dropped > 0 && html`<p class="muted note">${dropped} attributes, events or links were not kept: the span reached its limits.</p>`}
    <p class="muted note">kind ${span.kind}${span.scope.name !== '' && ` · scope ${visible(span.scope.name)} ${visible(span.scope.version)}`}</p>
  `
}

const headerKey = /^http\.(request|response)\.header\./

function direction(_all: string, of: string): string {
  return of === 'request' ? '→ ' : '← '
}

export function focusGrid(): void {
  document.querySelector<HTMLElement>('.timeline .grid')?.focus()
}
