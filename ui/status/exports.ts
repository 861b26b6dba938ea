import { h, type VNode } from 'preact'
import type { ExportStatus, Status } from '../../src/wire/status.ts'
import { formatAge, formatCount, formatMany, visible } from '../format.ts'
import { html } from '../html.ts'
import { Icon } from '../icons.ts'

/** Where spans are sent, as well as being kept, those that fail first; and which traces were chosen for it. */
export function exports(all: readonly ExportStatus[], chosen: Status['tailSampling']): VNode {
  const sorted = [...all].sort((a, b) => Number(b.failing) - Number(a.failing))
  return html`<section class="card exports">
    <h2>Sent on</h2>
    <ul class="instrumented">${sorted.map(row)}</ul>
    ${chosen && html`<p class="muted">${shares(chosen)}</p>`}
  </section>`
}

const staying = new Set(['not chosen', 'rate limit'])

function shares(counts: NonNullable<Status['tailSampling']>): string {
  const all = counts.reduce((sum, { traces }) => sum + traces, 0)
  const left = counts.filter(({ reason }) => !staying.has(reason))
  const sent = left.reduce((sum, { traces }) => sum + traces, 0)
  const why = left.map(({ reason, traces }) => `${formatCount(traces)} by ${reason}`).join(', ')
  const limited = counts.find(({ reason }) => reason === 'rate limit')?.traces ?? 0
  const held = limited > 0 ? `; ${formatCount(limited)} more were above the rate` : ''
  return `Chosen: ${formatCount(sent)} of ${formatMany(all, 'trace')}${why === '' ? '' : ` (${why})`}${held}.`
}

function row({ to, protocol, failing, lastError, lastErrorAt, ...figures }: ExportStatus): VNode {
  const counts = [
    `${formatMany(figures.sent, 'span')} arrived`,
    figures.waiting > 0 && `${formatMany(figures.waiting, 'span')} waiting`,
    figures.failed > 0 && `${formatMany(figures.failed, 'span')} refused or given up`,
    figures.dropped > 0 && `${formatMany(figures.dropped, 'span')} dropped for newer ones`
  ]
  const error = `${visible(lastError)}, ${formatAge(Date.now() - lastErrorAt)} ago`
  return html`<li key=${`${protocol} ${to}`} class=${failing ? 'no' : 'yes'}>
    ${h(Icon, { name: failing ? 'error' : 'fine', label: failing ? 'failing' : 'working' })}
    <div>
      <strong>${visible(to)}</strong> <span class="muted">${protocol}</span>
      <p class="muted">${counts.filter((one) => one !== false).join(', ')}</p>
      ${lastError !== '' && html`<p class="muted">${failing ? `It fails: ${error}` : `Last trouble: ${error}`}</p>`}
    </div>
  </li>`
}
