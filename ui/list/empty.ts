import { h, type VNode } from 'preact'
import { useState } from 'preact/hooks'
import { matchSummary, parseQuery } from '../../src/wire/query.ts'
import { copy } from '../copy.ts'
import { formatCount, formatMany, formatTime } from '../format.ts'
import { html } from '../html.ts'
import { Icon } from '../icons.ts'
import { base } from '../route.ts'
import { connection, listCounts, loading, pausedAt, slowMs, status, zone } from '../state.ts'
import type { Feed } from './feed.ts'
import { hubStart } from './hub-start.ts'
import { terms } from './query-text.ts'

/** The list has no rows: says which of the reasons it is, and what to do. */
export function Empty({
  feed,
  query,
  onQuery
}: {
  feed: Feed
  query: string
  onQuery: (query: string) => void
}): VNode | null {
  const load = loading.value
  const { size, pending, noisy } = listCounts.value
  if (load.state === 'loading') return null
  if (load.state === 'failed' && size === 0) {
    return box(
      load.text,
      html`<p class="muted">${load.hint}</p><p><button onClick=${() => feed.retry()}>Try again</button></p>`
    )
  }
  if (pausedAt.value > 0 && pending > 0) {
    return box(
      `Paused at ${formatTime(pausedAt.value, zone.value).slice(0, 8)}`,
      html`<p class="muted">${formatMany(pending, 'trace')} arrived since.</p>
        <p><button class="primary" onClick=${() => feed.pause(false)}>Go on</button></p>`
    )
  }
  if (query !== '') return noMatch(feed, query, onQuery)
  if (noisy > 0) {
    return box(
      'Only health checks and static files so far',
      html`<p class="muted">${formatMany(noisy, 'trace')} folded away; the chip above shows them. One that fails is always shown.</p>`
    )
  }
  if (status.value?.sample === 0) {
    return box(
      'Sampling is 0 %',
      html`<p class="muted">Nothing is recorded: set <code>sample</code> to more than 0.</p>`
    )
  }
  return first()
}

function first(): VNode {
  const disconnected = connection.value.state === 'lost'
  const hub = status.value?.hub
  if (hub && !disconnected) return box('Waiting for the first trace', hubStart(hub))
  const target = location.origin + hostPath()
  const line =
    base === '/'
      ? `curl ${location.origin}/v1/traces -H 'content-type: application/json' -d '{"resourceSpans":[]}'`
      : `curl -i ${target}`
  return box(
    disconnected ? 'The process does not answer' : 'Waiting for the first request',
    html`<p class="muted">${base === '/' ? 'Traces that other processes send over OTLP appear here:' : 'Any request to this server appears here the moment it starts:'}</p>
      ${h(CopyLine, { line })}
      ${base !== '/' && html`<p>${h(TestRequest, {})}</p>`}
      ${instrumented()}`
  )
}

function instrumented(): VNode | null {
  const all = status.value?.instrumented ?? []
  if (all.length === 0) return null
  const [on, off] = [all.filter((one) => one.on), all.filter((one) => !one.on)]
  return html`<dl class="instrumented-line">
    ${on.length > 0 && html`<div><dt>Instrumented</dt><dd>${on.map(({ name }) => name).join(', ')}</dd></div>`}
    ${off.map(({ name, how }) => html`<div key=${name}><dt>Not ${name}</dt><dd class="muted">${how}</dd></div>`)}
  </dl>`
}

/** A request to the host itself, as the reader's own browser would make it. */
function TestRequest(): VNode {
  const [said, setSaid] = useState('')
  const send = async (): Promise<void> => {
    try {
      const answer = await fetch(hostPath(), { cache: 'no-store' })
      setSaid(`answered ${answer.status}`)
    } catch {
      setSaid('no answer')
    }
  }
  return html`<button onClick=${() => void send()}>Send a test request</button>
    <span class="muted said" role="status">${said}</span>`
}

export function CopyLine({ line }: { line: string }): VNode {
  const [done, setDone] = useState(false)
  const run = async (): Promise<void> => {
    setDone(await copy(line))
    setTimeout(() => setDone(false), 2_000)
  }
  return html`<div class="copy-line">
    <code tabindex="0">${line}</code>
    <button class="plain icon-only" aria-label=${done ? 'Copied' : 'Copy the command'} onClick=${() => void run()}>
      ${h(Icon, { name: done ? 'check' : 'copy' })}
    </button>
  </div>`
}

function noMatch(feed: Feed, query: string, onQuery: (query: string) => void): VNode {
  const { size, noisy } = listCounts.value
  const parts = feed.query.needsSpans ? [] : terms(query)
  return box(
    'No trace matches',
    html`<p class="muted">${feed.query.needsSpans ? 'The process searched every span in memory.' : `${formatMany(size, 'trace')} looked at.`}
      ${noisy > 0 && ` ${formatMany(noisy, 'match', 'matches')} folded away as noise.`}</p>
      ${
        parts.length > 1 &&
        html`<ul class="term-hits">${parts.map((term) => {
          const one = parseQuery(term, slowMs.value)
          const hits = feed.rows.all.filter((row) => matchSummary(one, row.summary)).length
          return html`<li key=${term}><code>${term}</code> <span class="muted">alone: ${formatCount(hits)}</span></li>`
        })}</ul>`
      }
      <p><button onClick=${() => onQuery('')}>Clear the filter</button></p>`
  )
}

function box(heading: string, body: VNode | VNode[]): VNode {
  return html`<div class="empty"><h2>${heading}</h2>${body}</div>`
}

/** Where the host's own routes begin: the page is mounted one step below. */
function hostPath(): string {
  return base.replace(/[^/]+\/$/, '')
}
