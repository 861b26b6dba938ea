import './head.css'
import './page.css'
import './minimap.css'
import './timeline.css'
import './bars.css'
import './code.css'
import './panel.css'
import './tabs.css'
import './print.css'
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { VNode } from 'preact'
import type { ApiProblem } from '../api.ts'
import { formatCount } from '../format.ts'
import { html } from '../html.ts'
import { Icon } from '../icons.ts'
import { onLive } from '../live.ts'
import { listHref } from '../route.ts'
import { listQuery, route, saved } from '../state.ts'
import { nextMatch } from './grid-keys.ts'
import { TraceHeader } from './header.ts'
import { Legend } from './legend.ts'
import { LazyCpu, useProfiled } from './lazy-cpu.ts'
import { Logs } from './logs.ts'
import type { Model } from './model.ts'
import { Operations } from './operations.ts'
import { focusGrid, Panel } from './panel.ts'
import { Timeline } from './timeline.ts'
import { useFindKey, useTraceKeys } from './trace-keys.ts'
import { createView, tabs, type Tab, type View } from './view.ts'

/** How often an open trace is read again while it is in flight, in milliseconds. */
const inFlightEvery = 1000

/** The screen of one trace. It grows while the request runs, and when another service's spans come in. */
export function TracePage({ traceId }: { traceId: string }): VNode {
  const view = useMemo(() => createView(traceId), [traceId])
  const model = view.model.value
  const problem = view.problem.value
  useEffect(() => void view.load(), [view])
  useGrowing(view)
  useTitle(model)
  useAddress(view)
  useTraceKeys(view)
  useFindKey()
  if (model === undefined) {
    if (problem !== undefined) return html`<${Missing} ...${{ problem, traceId }} />`
    return html`<p class="wait muted" role="status">Loading the trace…</p>`
  }
  const tab = view.tab.value
  const panel = tab === 'timeline' && view.panelOpen.value && view.selected.value >= 0
  return html`<div class="trace">
    <${TraceHeader} ...${{ view, model }} />
    ${problem !== undefined && html`<p class="note warn-text" role="status">This is what the page has; it could not be read again: ${problem.message}.</p>`}
    <${Tabs} ...${{ view, model }} />
    <div class=${panel ? 'split' : 'split alone'} role="tabpanel" id="tab-panel" aria-labelledby=${`tab-${tab}`}>
      ${tab === 'timeline' && html`<${Timeline} ...${{ view }} />`}
      ${tab === 'table' && html`<${Operations} ...${{ view, model }} />`}
      ${tab === 'cpu' && html`<${LazyCpu} ...${{ traceId }} />`}
      ${tab === 'logs' && html`<${Logs} ...${{ view, model }} />`}
      ${panel && html`<${Panel} ...${{ view, model }} />`}
    </div>
  </div>`
}

const tabTitles: Readonly<Record<Tab, string>> = {
  timeline: 'Timeline',
  table: 'Operations',
  logs: 'Logs',
  cpu: 'CPU'
}

function Tabs({ view, model }: { view: View; model: Model }): VNode {
  const list = useRef<HTMLDivElement>(null)
  const profiled = useProfiled(view.traceId)
  const shown = tabs.filter((tab) => tab !== 'cpu' || profiled || view.tab.value === 'cpu')
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    if (step === undefined) return
    event.preventDefault()
    const next = shown[(shown.indexOf(view.tab.peek()) + step + shown.length) % shown.length] as Tab
    view.setTab(next)
    list.current?.querySelector<HTMLElement>(`#tab-${next}`)?.focus()
  }
  return html`<div class="tools-line">
    <div role="tablist" aria-label="Views of the trace" class="tabs" ref=${list} onKeyDown=${onKeyDown}>
      ${shown.map(
        (tab) => html`<button
          type="button"
          role="tab"
          id=${`tab-${tab}`}
          class="plain"
          aria-selected=${view.tab.value === tab}
          aria-controls="tab-panel"
          tabindex=${view.tab.value === tab ? 0 : -1}
          onClick=${() => view.setTab(tab)}
        >
          ${tabTitles[tab]}
        </button>`
      )}
    </div>
    ${view.tab.value === 'timeline' && html`<${Find} ...${{ view }} />`}
    <div class="spacer"></div>
    ${view.tab.value !== 'logs' && html`<${Legend} ...${{ view, model }} />`}
    ${
      !view.panelOpen.value &&
      view.tab.value === 'timeline' &&
      html`<button type="button" onClick=${() => (view.panelOpen.value = true)}>Details</button>`
    }
  </div>`
}

/** Searches names and services here and attributes and logs on the server; the browser's own find cannot see rows that are not mounted. */
function Find({ view }: { view: View }): VNode {
  const [draft, setDraft] = useState(view.find.peek())
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  const sent = useRef(draft)
  const looksFor = view.find.value
  // What is looked for can come from elsewhere: the line of code of a span.
  useEffect(() => {
    if (looksFor !== sent.current) setDraft((sent.current = looksFor))
  }, [looksFor])
  useEffect(() => {
    if (view.find.peek() !== '') view.setFind(view.find.peek())
    return () => clearTimeout(timer.current)
  }, [])
  const onInput = (event: Event) => {
    const text = (event.target as HTMLInputElement).value
    setDraft(text)
    clearTimeout(timer.current)
    timer.current = setTimeout(() => view.setFind((sent.current = text.trim())), 80)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter') nextMatch(view, event.shiftKey ? -1 : 1)
    else if (event.key === 'Escape') {
      setDraft('')
      view.setFind('')
      focusGrid()
    } else return
    event.preventDefault()
  }
  const count = view.matches.value.length
  const at = view.matches.value.indexOf(view.selected.value) + 1
  return html`<div class="find" role="search">
    <span class="find-icon"><${Icon} ...${{ name: 'search', small: true } as const} /></span>
    <input type="search" id="find" placeholder="Find span, service, attribute" aria-label="Find in the trace" value=${draft} onInput=${onInput} onKeyDown=${onKeyDown} spellcheck="false" autocomplete="off" />
    ${
      view.find.value !== '' &&
      html`<span class=${count === 0 ? 'found error-text' : 'found muted'} role="status">${count === 0 ? 'no match' : at > 0 ? `${formatCount(at)} of ${formatCount(count)}` : formatCount(count)}</span>
        <button type="button" class="plain icon-only" aria-label="Previous match" disabled=${count === 0} onClick=${() => nextMatch(view, -1)}><${Icon} ...${{ name: 'up', small: true } as const} /></button>
        <button type="button" class="plain icon-only" aria-label="Next match" disabled=${count === 0} onClick=${() => nextMatch(view, 1)}><${Icon} ...${{ name: 'down', small: true } as const} /></button>
        <label class="only"><input type="checkbox" checked=${view.only.value} onChange=${() => (view.only.value = !view.only.value)} /> only matches</label>`
    }
  </div>`
}

function Missing({ problem, traceId }: { problem: ApiProblem; traceId: string }): VNode {
  const gone = problem.status === 404 || problem.status === 410
  return html`<section class="empty">
    <h1>${saved.value ? 'This trace is not in the file' : gone ? 'This trace is no longer in memory' : 'The trace could not be read'}</h1>
    ${
      !saved.value &&
      html`<p class="muted">${gone ? html`<code>${traceId}</code> made room for newer ones, or this process never saw it.` : problem.message}</p>
    <p class="muted">${gone ? 'Pin a trace to keep it, or raise the memory option. Traces with errors and the slowest of each route are kept longer by themselves.' : problem.hint}</p>`
    }
    <p><a class="button" href=${listHref({ q: listQuery.value })}>To the traces</a></p>
  </section>`
}

/** Reads the trace again when something of it has changed, and each second while it is in flight. */
function useGrowing(view: View): void {
  const running = view.model.value?.columns.summary.inFlight === true
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const stop = onLive((message) => {
      if (message.type !== 'traces' || !message.rows.some((row) => row[0] === view.traceId)) return
      clearTimeout(timer)
      timer = setTimeout(() => void view.load(), 100)
    })
    return () => {
      stop()
      clearTimeout(timer)
    }
  }, [view])
  useEffect(() => {
    if (!running) return
    const timer = setInterval(() => void view.load(), inFlightEvery)
    return () => clearInterval(timer)
  }, [running, view])
}

/**
 * Back and forward go through the spans that links led to. At once, not with the next frame: by then the next key may have led on from the
 * span that is in the address.
 */
function useAddress(view: View): void {
  const here = route.value
  const spanId = here.screen === 'trace' ? (here.params['s'] ?? '') : undefined
  useLayoutEffect(() => {
    if (spanId !== undefined) view.follow(spanId)
  }, [spanId])
}

function useTitle(model: Model | undefined): void {
  const name = model?.columns.summary.name ?? ''
  useEffect(() => {
    if (name !== '') document.title = `${name} · Spanlight`
  }, [name])
}
