import './cpu.css'
import { useEffect, useMemo, useState } from 'preact/hooks'
import type { VNode } from 'preact'
import { ApiProblem, download, getProfile, isAbort } from '../api.ts'
import { formatCount, formatDuration, visible } from '../format.ts'
import { html } from '../html.ts'
import { FlameChart } from './flame.ts'
import { type CpuProfile, type Flame, type Fn, readProfile } from './profile.ts'

const most = 100

/** What the processor did during one request. */
export function Cpu({ traceId }: { traceId: string }): VNode {
  const [found, setFound] = useState<CpuProfile | ApiProblem | undefined>(undefined)
  useEffect(() => {
    const loading = new AbortController()
    getProfile(traceId, loading.signal).then(
      (profile) => setFound(profile as CpuProfile),
      (error: unknown) => {
        if (!isAbort(error))
          setFound(error instanceof ApiProblem ? error : new ApiProblem(0, String(error), ''))
      }
    )
    return () => loading.abort()
  }, [traceId])
  if (found === undefined) return html`<p class="wait muted" role="status">Loading the profile…</p>`
  if (found instanceof ApiProblem)
    return html`<div class="tab-body"><p class="note" role="alert">${found.message}. ${found.hint}</p></div>`
  return html`<${Profile} ...${{ traceId, profile: found }} />`
}

function Profile({ traceId, profile }: { traceId: string; profile: CpuProfile }): VNode {
  const [outer, setOuter] = useState(false)
  const flame = useMemo(() => readProfile(profile, outer), [profile, outer])
  const [selected, setSelected] = useState('')
  const [text, setText] = useState('')
  if (flame.busy === 0)
    return html`<div class="tab-body"><p class="note">No JavaScript ran while this request was open, as far as samples each half millisecond can tell: it waited.</p></div>`
  return html`<div class="tab-body cpu" tabindex="0" role="region" aria-label="CPU profile">
    <div class="cpu-tools">
      <${Key} ...${{ flame }} />
      <div class="spacer"></div>
      <label><input type="checkbox" checked=${outer} onChange=${() => setOuter(!outer)} /> frames above your code</label>
      <button type="button" onClick=${() => void download(`api/traces/${traceId}/profile`, `trace-${traceId}.cpuprofile`)}>Download .cpuprofile</button>
    </div>
    <${FlameChart} ...${{ flame, selected }} />
    <${Functions} ...${{ flame, selected, setSelected, text, setText }} />
    <p class="muted note">The profiler sees the whole thread: other requests that ran at the same time are in here, too.</p>
  </div>`
}

const origins = [
  ['own', 'your code'],
  ['package', 'packages'],
  ['node', 'Node and V8'],
  ['gc', 'garbage collection']
] as const

function Key({ flame }: { flame: Flame }): VNode {
  return html`<ul class="cpu-key">
    ${origins
      .map(([origin, title]) => {
        const time = flame.functions.reduce(
          (sum, fn) => sum + (fn.origin === origin ? fn.self : 0),
          0
        )
        return { origin, title, time }
      })
      .filter(({ time }) => time > 0)
      .map(
        ({ origin, title, time }) =>
          html`<li><span class=${`patch data-mark ${origin}`} aria-hidden="true"></span>${title} <b>${formatDuration(time / 1000)}</b></li>`
      )}
  </ul>`
}

interface FunctionsProps {
  flame: Flame
  selected: string
  setSelected: (key: string) => void
  text: string
  setText: (text: string) => void
}

function Functions({ flame, selected, setSelected, text, setText }: FunctionsProps): VNode {
  const wanted = text.toLowerCase()
  const list = flame.functions.filter(
    ({ name, where }) =>
      wanted === '' || name.toLowerCase().includes(wanted) || where.toLowerCase().includes(wanted)
  )
  return html`<section class="cpu-functions">
    <h3>
      Functions <span class="muted">${formatCount(list.length)}</span>
      <input type="search" placeholder="Find function or file" aria-label="Find function or file" value=${text} onInput=${(event: Event) => setText((event.target as HTMLInputElement).value)} spellcheck="false" autocomplete="off" />
    </h3>
    <table class="operations">
      <thead><tr><th scope="col">Function</th><th scope="col" class="num">Self</th><th scope="col" class="num">Total</th><th scope="col" class="part">Share of busy time</th></tr></thead>
      <tbody>${list.slice(0, most).map((fn) => line(fn, flame, selected, setSelected))}</tbody>
    </table>
    ${list.length > most && html`<p class="muted note">${formatCount(list.length - most)} more, each with less.</p>`}
  </section>`
}

function line(fn: Fn, flame: Flame, selected: string, setSelected: (key: string) => void): VNode {
  const key = `${fn.name} ${fn.where}`
  const share = fn.self / flame.busy
  return html`<tr key=${key}>
    <th scope="row">
      <span class=${`patch data-mark ${fn.origin}`} aria-hidden="true"></span>
      <button type="button" class="plain link clip" aria-pressed=${selected === key} title=${visible(fn.where)} onClick=${() => setSelected(selected === key ? '' : key)}>${visible(fn.name)}</button>
      <span class="muted place">${visible(fn.place)}</span>
    </th>
    <td class="num">${formatDuration(fn.self / 1000)}</td>
    <td class="num">${formatDuration(fn.total / 1000)}</td>
    <td class="part"><span class="share"><span class="share-figure">${percent(share)}</span><span class="share-bar" aria-hidden="true"><span class=${`data-mark ${fn.origin}`} style=${`width:${(share * 100).toFixed(1)}%`}></span></span></span></td>
  </tr>`
}

function percent(share: number): string {
  return share > 0 && share < 0.01 ? '<1 %' : `${Math.round(share * 100)} %`
}
