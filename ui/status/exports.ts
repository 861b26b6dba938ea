import { h, type VNode } from 'preact'
import type { ExportStatus } from '../../src/wire/status.ts'
import { formatAge, formatMany, visible } from '../format.ts'
import { html } from '../html.ts'
import { Icon } from '../icons.ts'

/** Where spans are sent, as well as being kept; those that fail first. */
export function exports(all: readonly ExportStatus[]): VNode {
  const sorted = [...all].sort((a, b) => Number(b.failing) - Number(a.failing))
  return html`<section class="card exports">
    <h2>Sent on</h2>
    <ul class="instrumented">${sorted.map(row)}</ul>
  </section>`
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
