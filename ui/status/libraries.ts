import { h, type VNode } from 'preact'
import type { LibraryStatus } from '../../src/wire/status.ts'
import { CopyButton } from '../copy-button.ts'
import { formatCount, visible } from '../format.ts'
import { html } from '../html.ts'
import { Icon } from '../icons.ts'

/** Every library of the project that is known: first what a line would trace, with that line to copy. */
export function libraries(all: readonly LibraryStatus[]): VNode {
  const traced = all.filter((one) => one.traced)
  const others = all.filter((one) => !one.traced)
  return html`<section class="card libraries">
    <h2>Libraries <span class="muted">${formatCount(traced.length)} of ${formatCount(all.length)} traced</span></h2>
    ${all.length === 0 && html`<p class="muted">None that is known was found, neither in package.json of the working directory nor among what is loaded.</p>`}
    ${others.length > 0 && html`<h3>Not traced</h3><ul class="instrumented">${others.map(row)}</ul>`}
    ${traced.length > 0 && html`<h3>Traced</h3><ul class="instrumented in-columns">${traced.map(row)}</ul>`}
  </section>`
}

function row({ name, version, traced, how, line }: LibraryStatus): VNode {
  return html`<li key=${name} class=${traced ? 'yes' : 'no'}>
    ${h(Icon, { name: traced ? 'fine' : 'off', label: traced ? 'traced' : 'not traced' })}
    <div>
      <strong>${visible(name)}</strong> <span class="muted">${visible(version)}</span>
      <p class="muted">${visible(how)}</p>
      ${line !== undefined && html`<p class="line-to-copy"><code>${visible(line)}</code>${h(CopyButton, { text: line, label: `Copy the line for ${name}`, icon: 'copy' })}</p>`}
    </div>
  </li>`
}
