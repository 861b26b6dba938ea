import { h, type VNode } from 'preact'
import type { HubStatus } from '../../src/wire/status.ts'
import { CopyButton } from '../copy-button.ts'
import { html } from '../html.ts'

/** A hub without traces: how a service is made to send it some. */
export function hubStart({ variables, listeners }: HubStatus): VNode {
  const others = listeners.filter(({ address }, at) => at > 0 && address !== '')
  const text = variables.join('\n')
  return html`<p class="muted">Start a service with these, in any language that OpenTelemetry has an SDK for:</p>
    <div class="copy-line lines">
      <pre tabindex="0"><code>${text}</code></pre>
      ${h(CopyButton, { text, label: 'Copy the variables', icon: 'copy' })}
    </div>
    ${others.length > 0 && html`<p class="muted">Listening, too: ${others.map(({ name, address }) => `${name} at ${address}`).join(', ')}</p>`}`
}
