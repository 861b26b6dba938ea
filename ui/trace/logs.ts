import './logs.css'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { VNode } from 'preact'
import type { TraceLog } from '../../src/wire/trace.ts'
import { ApiProblem, getLogs, isAbort } from '../api.ts'
import { CopyButton } from '../copy-button.ts'
import { formatCount, formatMany, formatMoment, visible } from '../format.ts'
import { html } from '../html.ts'
import { Icon } from '../icons.ts'
import { useKeys } from '../keys.ts'
import { zone } from '../state.ts'
import { type PlacedLog, placedLogs, recordedText } from './clocks.ts'
import { asText, countLevels, filterLogs } from './log-filter.ts'
import { Fields, LineText } from './log-lines.ts'
import { lineKeys, type LogView } from './log-view.ts'
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
  useKeys('Logs', [
    { keys: ['↑', '↓'], does: 'previous and next line' },
    { keys: ['Enter'], does: 'go to the span of the line' },
    { keys: ['→', '←'], does: 'open and close the fields' },
    { keys: ['/'], does: 'filter the lines', run: () => focusFilter() }
  ])
  if (logs === undefined) return html`<p class="tab-body muted">Loading…</p>`
  if (logs instanceof ApiProblem)
    return html`<p class="tab-body" role="alert">${logs.message}. ${logs.hint}</p>`
  if (logs.length === 0) {
    return html`<p class="tab-body muted">No log lines. What is written through <code>console</code>, pino or winston while a span is active appears here.</p>`
  }
  return html`<${Shown} ...${{ view, model, recorded: logs }} />`
}

interface ShownProps {
  view: View
  model: Model
  recorded: TraceLog[]
}

function Shown({ view, model, recorded }: ShownProps): VNode {
  const { spans, names } = model.columns
  const nameOf = (spanId: string) => names[spans.name[model.rowOf.get(spanId) ?? -1] ?? -1] ?? ''
  const logs = useMemo(() => placedLogs(recorded, model), [recorded, model])
  const filter = view.logs.filter.value
  const shown = useMemo(() => filterLogs(logs, filter, nameOf), [logs, filter, model])
  return html`<div class="logs-tab">
    <h2 class="sr-only">Log lines</h2>
    <${Tools} ...${{ state: view.logs, logs, shown, nameOf }} />
    ${
      shown.length === 0
        ? html`<p class="tab-body muted">No line passes. <button type="button" class="plain link" onClick=${() => (view.logs.filter.value = { levels: new Set(), text: '' })}>Show all ${formatCount(logs.length)}</button></p>`
        : html`<${List} ...${{ view, model, logs, shown, nameOf }} />`
    }
  </div>`
}

interface ToolsProps {
  state: LogView
  logs: PlacedLog[]
  shown: readonly PlacedLog[]
  nameOf: (spanId: string) => string
}

function Tools({ state, logs, shown, nameOf }: ToolsProps): VNode {
  const { levels, text } = state.filter.value
  const onInput = (event: Event) => {
    const { value } = event.target as HTMLInputElement
    state.filter.value = { ...state.filter.peek(), text: value }
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && text !== '') state.filter.value = { levels, text: '' }
    else if (event.key !== 'Escape' && event.key !== 'Enter' && event.key !== 'ArrowDown') return
    else document.querySelector<HTMLElement>('.logs.wide .log[tabindex="0"]')?.focus()
    event.preventDefault()
  }
  return html`<div class="log-tools">
    <div class="levels" role="group" aria-label="Levels">
      ${countLevels(logs).map(
        ({ level, count }) =>
          html`<button type="button" class=${`chip ${level}`} aria-pressed=${levels.has(level) ? 'true' : 'false'} onClick=${() => state.toggleLevel(level)}><span class="level">${level}</span> <span class="muted">${formatCount(count)}</span></button>`
      )}
    </div>
    <div class="find" role="search">
      <span class="find-icon"><${Icon} ...${{ name: 'search', small: true } as const} /></span>
      <input type="search" id="find" placeholder="Filter lines and fields" aria-label="Filter the log lines" value=${text} onInput=${onInput} onKeyDown=${onKeyDown} spellcheck="false" autocomplete="off" />
    </div>
    <span class="muted" role="status">${shown.length === logs.length ? formatMany(logs.length, 'line') : `${formatCount(shown.length)} of ${formatMany(logs.length, 'line')}`}</span>
    <div class="spacer"></div>
    <${CopyButton} ...${{ text: () => asText(shown, nameOf), label: 'Copy as text', icon: 'copy', wide: true } as const} />
  </div>`
}

/** Lines that are made at once. A browser passes over those that are out of sight; making ten thousand would take it a second. */
const batch = 500

interface ListProps extends Omit<ToolsProps, 'state'> {
  view: View
  model: Model
}

function List({ view, model, logs, shown, nameOf }: ListProps): VNode {
  const [most, setMost] = useState(batch)
  const list = useRef<HTMLUListElement>(null)
  const keys = useMemo(() => lineKeys(logs), [logs])
  const { current, open } = view.logs
  const several = useMemo(() => new Set(logs.map(({ service }) => service)).size > 1, [logs])
  const here = Math.max(
    0,
    shown.findIndex((log) => keys.get(log) === current.value)
  )
  const show = (log: PlacedLog) => {
    current.value = keys.get(log) ?? ''
    const row = model.rowOf.get(log.spanId)
    if (row === undefined) return
    view.setTab('timeline')
    view.select(row, 'push')
  }
  const moveTo = (at: number) => {
    const to = Math.max(0, Math.min(shown.length - 1, at))
    current.value = keys.get(shown[to] as PlacedLog) ?? ''
    setMost(Math.max(most, to + 1))
    requestAnimationFrame(() => list.current?.querySelectorAll<HTMLElement>('.log')[to]?.focus())
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const log = shown[here]
    if (!(event.target as HTMLElement).classList.contains('log') || log === undefined) return
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const key = keys.get(log) ?? ''
    const target = targetOf(event.key, here, shown.length)
    if (target !== undefined) moveTo(target)
    else if (event.key === 'Enter') show(log)
    else if (
      event.key === 'ArrowRight'
        ? !open.value.has(key)
        : event.key === 'ArrowLeft' && open.value.has(key)
    )
      view.logs.toggle(key)
    else return
    event.preventDefault()
  }
  return html`<ul class="tab-body logs wide" ref=${list} onKeyDown=${onKeyDown} aria-label="Log lines">
    ${shown.slice(0, most).map((log, i) => {
      const key = keys.get(log) ?? ''
      const isOpen = open.value.has(key)
      const name = nameOf(log.spanId)
      const onClick = () => {
        if (!document.getSelection()?.isCollapsed) return
        show(log)
      }
      return html`<li key=${key} class=${`log ${log.severity}`} tabindex=${i === here ? 0 : -1} onFocus=${() => (current.value = key)}>
        <div class="line" title=${[formatMoment(log.time, zone.value), recordedText(log.time, log.moved, zone.value)].filter(Boolean).join('; ')} onClick=${onClick}>
          <${LineText} ...${{ log, from: model.columns.start, open: isOpen, onToggle: () => view.logs.toggle(key), service: several ? log.service : '', focusable: false }} />
          ${name !== '' && html`<span class="to-span"><button type="button" class="plain link" tabindex="-1">${visible(name)}</button></span>`}
        </div>
        ${isOpen && html`<${Fields} ...${{ log }} />`}
      </li>`
    })}
    ${most < shown.length && html`<${More} ...${{ left: shown.length - most, onMore: () => setMost(most + batch) }} />`}
  </ul>`
}

function targetOf(key: string, here: number, count: number): number | undefined {
  switch (key) {
    case 'ArrowDown':
      return here + 1
    case 'ArrowUp':
      return here - 1
    case 'PageDown':
      return here + 20
    case 'PageUp':
      return here - 20
    case 'Home':
      return 0
    case 'End':
      return count - 1
    default:
      return undefined
  }
}

/** Makes the next lines when it comes into sight, or is pressed. */
function More({ left, onMore }: { left: number; onMore: () => void }): VNode {
  const item = useRef<HTMLLIElement>(null)
  useEffect(() => {
    const seen = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) onMore()
    })
    if (item.current) seen.observe(item.current)
    return () => seen.disconnect()
  }, [left])
  return html`<li class="more-lines" ref=${item}><button type="button" onClick=${onMore}>${formatMany(left, 'more line')}</button></li>`
}

function focusFilter(): void {
  document.querySelector<HTMLInputElement>('#find')?.select()
}
