import type { VNode } from 'preact'
import type { HubStatus } from '../../src/wire/status.ts'
import { formatCount } from '../format.ts'
import { html } from '../html.ts'

/** Where a hub listens, and what came that way. */
export function listeners({ listeners: all }: HubStatus): VNode {
  return html`<section class="card listeners">
    <h2>Listening</h2>
    <table>
      <thead><tr><th scope="col">For</th><th scope="col" class="number">Bodies</th><th scope="col" class="number">Spans</th></tr></thead>
      <tbody>
        ${all.map(
          ({ name, address, about, bodies, spans }) => html`<tr key=${name}>
            <td><strong>${name}</strong> ${address === '' ? 'off' : html`<code>${address}</code>`}<p class="muted">${about}</p></td>
            <td class="number">${bodies === undefined ? '' : formatCount(bodies)}</td>
            <td class="number">${spans === undefined ? '' : formatCount(spans)}</td>
          </tr>`
        )}
      </tbody>
    </table>
  </section>`
}
