import { h, type VNode } from 'preact'
import { useEffect } from 'preact/hooks'
import type { Status, WorkersStatus } from '../../src/wire/status.ts'
import { formatAge, formatBytes, formatCount, formatDuration, formatMany } from '../format.ts'
import { html } from '../html.ts'
import { Icon } from '../icons.ts'
import { connection, status } from '../state.ts'
import { exports } from './exports.ts'
import { libraries } from './libraries.ts'
import { listeners } from './listeners.ts'

/** What the process records, what it holds, what was lost and why. */
export function StatusPage(): VNode {
  useEffect(() => {
    document.title = 'Status · Spanlight'
  }, [])
  const current = status.value
  if (!current) {
    const text = connection.value.state === 'lost' ? 'The process does not answer.' : 'Loading…'
    return html`<section class="page status"><h1>Status</h1><p class="muted">${text}</p></section>`
  }
  return html`<section class="page status">
    <h1>Status</h1>
    <div class="cards">
      ${about(current)} ${memory(current)}
      ${current.hub ? listeners(current.hub) : html`${libraries(current.libraries)} ${parts(current)}`}
      ${current.exports.length > 0 && exports(current.exports, current.tailSampling)} ${losses(current)}
    </div>
  </section>`
}

function about(current: Status): VNode {
  return html`<section class="card">
    <h2>${current.service}</h2>
    <dl class="about">
      ${fact('Access', `${current.mode}: ${current.why}`)}
      ${fact('Process', `${current.pid}, Node ${current.node.replace(/^v/, '')}, up ${formatAge(current.uptimeMs)}`)}
      ${current.workers && fact('Workers', workers(current.workers))}
      ${fact('Spanlight', current.version)}
      ${!current.hub && fact('Sampling', current.sample === 1 ? 'every request is recorded' : `${Math.round(current.sample * 1000) / 10} % of requests`)}
      ${!current.hub && fact('In flight', formatMany(current.inFlight, 'request'))}
      ${fact('Open pages', String(current.pages))}
      ${current.runtime && fact('Event loop', `late by ${formatDuration(current.runtime.delayMs)} at most in the last minute`)}
      ${current.runtime && fact('Heap', `${formatBytes(current.runtime.heapBytes)} in use, its collector took ${(current.runtime.gcShare * 100).toFixed(1)} % of the last minute`)}
      ${current.overheadMs > 0 && fact('Own cost', `${formatDuration(current.overheadMs)} of CPU so far, this page’s requests included`)}
    </dl>
    ${current.sample === 0 && html`<p class="note">Sampling is 0 %, so nothing is recorded.</p>`}
  </section>`
}

function workers({ role, workers: all }: WorkersStatus): string {
  if (role !== 'keeper')
    return 'this one’s traces only: the worker that keeps those of all does not answer'
  const names = all.map(({ pid, thread }) => (thread === 0 ? `${pid}` : `${pid} thread ${thread}`))
  return `${names.join(', ')}; the first keeps the traces of all`
}

function memory({ ring, kept }: Status): VNode {
  return html`<section class="card">
    <h2>Memory</h2>
    ${gauge('Recent', ring)}
    <dl class="about">
      ${fact('Holds', `${formatMany(ring.traces, 'trace')}, ${formatMany(ring.spans, 'span')}`)}
      ${fact('Oldest', ring.oldest > 0 ? `${formatAge(Date.now() - ring.oldest)} ago` : 'empty')}
      ${fact('Made room', ring.evicted > 0 ? `${formatMany(ring.evicted, 'span')} left so that newer ones fit` : 'not needed yet')}
    </dl>
    ${gauge('Kept', kept)}
    <p class="muted">Errors, the slowest of each route and pinned traces stay when the recent ones are reused: ${formatMany(kept.traces, 'trace')}, ${formatMany(kept.spans, 'span')}.</p>
  </section>`
}

function gauge(title: string, { bytes, capacity }: { bytes: number; capacity: number }): VNode {
  const full = capacity > 0 ? Math.min(100, (bytes / capacity) * 100) : 0
  const text = `${formatBytes(bytes)} of ${formatBytes(capacity)}`
  return html`<div class="gauge-row">
    <span>${title}</span>
    <span class="gauge data-mark" role="img" aria-label=${`${title}: ${text}`}><i style=${`width:${full.toFixed(1)}%`}></i></span>
    <span>${text}</span>
  </div>`
}

/** What is recorded besides libraries; those stand in their own list, with the same words. */
function parts({ instrumented, libraries: told }: Status): VNode {
  const named = new Set(told.map(({ name }) => name))
  const others = instrumented
    .filter(({ name }) => !named.has(name.split(' ', 1)[0] as string))
    .sort((a, b) => Number(a.on) - Number(b.on))
  return html`<section class="card">
    <h2>Recorded</h2>
    ${others.length === 0 && html`<p class="muted">Nothing yet.</p>`}
    <ul class="instrumented">
      ${others.map(
        ({ name, on, how }) => html`<li key=${name} class=${on ? 'yes' : 'no'}>
          ${h(Icon, { name: on ? 'fine' : 'off', label: on ? 'yes' : 'no' })}
          <div><strong>${name}</strong><p class="muted">${how}</p></div>
        </li>`
      )}
    </ul>
  </section>`
}

function losses({ ring, drops }: Status): VNode {
  return html`<section class="card">
    <h2>Dropped</h2>
    ${
      drops.length === 0
        ? html`<p class="muted">Nothing was dropped.</p>`
        : html`<table>
          <caption class="muted">${formatMany(ring.dropped, 'span')} never kept; every loss has a reason</caption>
          <thead><tr><th scope="col">Reason</th><th scope="col" class="number">Count</th></tr></thead>
          <tbody>
            ${drops.map(
              ({ reason, count }) => html`<tr key=${reason}>
                <td>${reason}</td><td class="number">${formatCount(count)}</td>
              </tr>`
            )}
          </tbody>
        </table>`
    }
  </section>`
}

function fact(name: string, value: string): VNode {
  return html`<div><dt>${name}</dt><dd>${value}</dd></div>`
}
