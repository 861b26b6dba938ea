import type { VNode } from 'preact'
import { useState } from 'preact/hooks'
import { beginningOf } from '../../src/wire/trace.ts'
import { CopyButton } from '../copy-button.ts'
import { ExportButton } from '../files/menu-button.ts'
import { formatDuration, formatMany, formatMoment, isoTime, visible } from '../format.ts'
import { html } from '../html.ts'
import { Icon } from '../icons.ts'
import { listHref, traceHref } from '../route.ts'
import { listQuery, neighbours, pin, saved, zone } from '../state.ts'
import { clocksText } from './clocks.ts'
import { useErrorText } from './detail.ts'
import type { Model } from './model.ts'
import { firstFailure, longestOnPath } from './path.ts'
import { RuntimeAnswer } from './runtime-answer.ts'
import type { View } from './view.ts'

/** The trace in two lines: what it was, and the answer to "where did the time go". */
export function TraceHeader({ view, model }: { view: View; model: Model }): VNode {
  const { summary, services, dropped, joined, clocks } = model.columns
  const { newer, older } = neighbours.value(view.traceId)
  // A tooltip is there for a mouse alone.
  const [told, setTold] = useState(false)
  return html`<header class="trace-head">
    <div class="line">
      <a class="button plain back" href=${listHref({ q: listQuery.value })}><${Icon} ...${{ name: 'back' } as const} /> Traces</a>
      <h1 class="clip">${summary.name === '' ? view.traceId : visible(summary.name)}</h1>
      <div class="spacer"></div>
      ${newer !== undefined && html`<a class="button icon-only" href=${traceHref(newer.traceId)} aria-label="Newer trace" title="Newer trace"><${Icon} ...${{ name: 'up' } as const} /></a>`}
      ${older !== undefined && html`<a class="button icon-only" href=${traceHref(older.traceId)} aria-label="Older trace" title="Older trace"><${Icon} ...${{ name: 'down' } as const} /></a>`}
      ${
        !saved.value &&
        html`<${Pin} ...${{ view, kept: summary.kept }} />
      <${ExportButton} ...${{ target: { traceId: view.traceId } }} />
      <${CopyButton} ...${{ text: new URL(traceHref(view.traceId), location.href).href, label: 'Copy link', icon: 'link', wide: true } as const} />`
      }
    </div>
    <p class="line facts-line">
      <${StatusWord} ...${{ summary }} />
      <span><b>${formatDuration(summary.duration)}</b>${summary.inFlight ? ' so far' : ''}</span>
      <span>${formatMany(summary.spans, 'span')}</span>
      <span title=${services.join(', ')}>${services.length === 1 ? visible(services[0] ?? '') : formatMany(services.length, 'service')}</span>
      ${summary.errors > 0 ? html`<span class="error-text"><${Icon} ...${{ name: 'error', small: true } as const} /> ${formatMany(summary.errors, 'error')}</span>` : html`<span class="muted">no errors</span>`}
      <time class="muted" datetime=${isoTime(summary.start)}>${formatMoment(summary.start, zone.value)}</time>
      <span class="muted id"><code>${beginningOf(view.traceId)}</code> <${CopyButton} ...${{ text: view.traceId, label: 'Copy the trace id', icon: 'copy' } as const} /></span>
      ${joined && html`<span class="badge" title="The trace id came with a header from outside this machine">joined from outside</span>`}
      ${summary.incomplete && html`<span class="badge" title="The first span of this trace belongs to a process that sent nothing (yet)">root not seen</span>`}
      ${clocks.length > 0 && html`<button type="button" class="badge" aria-expanded=${told ? 'true' : 'false'} title=${clocksText(model)} onClick=${() => setTold(!told)}>${clocks.length === 1 ? 'a clock' : `${clocks.length} clocks`} corrected</button>`}
      ${dropped > 0 && html`<span class="badge warn">${formatMany(dropped, 'span')} not kept: over the limit of one trace</span>`}
    </p>
    ${told && html`<p class="muted clocks" role="status">${clocksText(model)}</p>`}
    <${Answer} ...${{ view, model }} />
  </header>`
}

function StatusWord({ summary }: { summary: Model['columns']['summary'] }): VNode {
  if (summary.inFlight) return html`<span class="status live">in flight</span>`
  const bad = summary.status === 'error' || summary.httpStatus >= 500
  const word =
    summary.httpStatus > 0
      ? String(summary.httpStatus)
      : summary.status === 'error'
        ? 'error'
        : 'ok'
  return html`<b class=${bad ? 'status bad' : 'status'}>${word}</b>`
}

/** The answer above the chart: where it failed first and with what, and what the response waited for longest. */
function Answer({ view, model }: { view: View; model: Model }): VNode {
  const failed = firstFailure(model)
  const error = useErrorText(view.traceId, model, failed)
  const longest = longestOnPath(model)
  const share =
    longest === undefined ? 0 : longest.time / Math.max(1, model.columns.summary.duration * 1000)
  // Of a single span it goes without saying.
  const says = longest !== undefined && share >= worthSaying && model.count > 1
  return html`<p class="answer">
    ${failed >= 0 && html`<span>It failed first in <${SpanLink} ...${{ view, model, rows: [failed] }} />${error === '' ? '.' : html`: <span class="error-text">${visible(error)}</span>`}</span>`}
    <${RuntimeAnswer} ...${{ view, model }} />
    ${
      says &&
      html`<span>${share >= 0.5 ? 'Most' : 'The largest part'} of the time went to <${SpanLink} ...${{ view, model, rows: longest.rows }} />:${' '}<b>${formatDuration(longest.time / 1000)}</b>, ${Math.round(share * 100)} % of the response time.</span>`
    }
  </p>`
}

/** Below a quarter of the time, no single operation is the answer. */
const worthSaying = 0.25

function SpanLink({
  view,
  model,
  rows
}: {
  view: View
  model: Model
  rows: readonly number[]
}): VNode {
  const { names, spans, services } = model.columns
  const row = rows[0] ?? 0
  const service = services.length > 1 ? `${visible(services[spans.service[row] ?? 0] ?? '')}: ` : ''
  const times = rows.length > 1 ? `${rows.length} × ` : ''
  return html`<button type="button" class="plain link" onClick=${() => view.select(row, 'push')}>${times}${service}${visible(names[spans.name[row] ?? -1] ?? '')}</button>`
}

function Pin({ view, kept }: { view: View; kept: string }): VNode {
  const pinned = kept === 'pinned' || view.pinned.value
  const run = () =>
    void pin
      .peek()(view.traceId)
      .then((done) => {
        if (done) view.pinned.value = true
      })
  return html`<button type="button" aria-pressed=${pinned} aria-label=${pinned ? 'Pinned' : 'Pin'} disabled=${pinned} title="Keep this trace when newer ones need the room (x)" onClick=${run}><${Icon} ...${{ name: 'pin' } as const} /><span class="caption">${pinned ? 'Pinned' : 'Pin'}</span></button>`
}
