import { useEffect, useState } from 'preact/hooks'
import type { VNode } from 'preact'
import type { TraceLog } from '../../src/wire/trace.ts'
import { ApiProblem, getLogs, isAbort } from '../api.ts'
import { formatDuration, visible } from '../format.ts'
import { html } from '../html.ts'
import type { Model } from './model.ts'
import type { View } from './view.ts'

/** All log lines of the trace in time order, over all services. */
export function Logs({ view, model }: { view: View; model: Model }): VNode {
  const [logs, setLogs] = useState<TraceLog[] | ApiProblem | undefined>(undefined)
  useEffect(() => {
    const loading = new AbortController()
    getLogs(view.traceId, loading.signal).then(setLogs, (error: unknown) => {
      if (!isAbort(error))
        setLogs(error instanceof ApiProblem ? error : new ApiProblem(0, String(error), ''))
    })
    return () => loading.abort()
  }, [model])
  if (logs === undefined) return html`<p class="tab-body muted">Loading…</p>`
  if (logs instanceof ApiProblem)
    return html`<p class="tab-body" role="alert">${logs.message}. ${logs.hint}</p>`
  if (logs.length === 0) {
    return html`<p class="tab-body muted">No log lines. What is written through <code>console</code> while a span is active appears here.</p>`
  }
  const { spans, names, start } = model.columns
  const show = (spanId: string) => {
    view.setTab('timeline')
    view.select(model.rowOf.get(spanId) ?? -1, 'push')
  }
  return html`<ul class="tab-body logs wide">
    ${logs.map((log) => {
      const row = model.rowOf.get(log.spanId)
      const name = row === undefined ? '' : (names[spans.name[row] ?? -1] ?? '')
      return html`<li class=${`log ${log.severity}`}>
        <span class="muted when">+${formatDuration(log.time - start)}</span>
        <span class="level">${log.severity}</span>
        <span class="service">${visible(log.service)}</span>
        <span class="text">${visible(log.body)}</span>
        <button type="button" class="plain tiny" onClick=${() => show(log.spanId)}>${visible(name)}</button>
      </li>`
    })}
  </ul>`
}
