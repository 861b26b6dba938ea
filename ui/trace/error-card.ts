import { useState } from 'preact/hooks'
import type { VNode } from 'preact'
import type { SpanDetail } from '../../src/wire/trace.ts'
import { visible } from '../format.ts'
import { html } from '../html.ts'
import { CopyButton } from './attributes.ts'
import { frames, type Frame } from './stack.ts'

export interface Exception {
  type: string
  message: string
  stack: string
}

/** The exceptions of a span, from their events. */
export function exceptionsOf(span: SpanDetail): Exception[] {
  return span.events
    .filter((event) => event.name === 'exception')
    .map((event) => {
      const text = (key: string) =>
        String(event.attributes.find(([name]) => name === key)?.[1] ?? '')
      return {
        type: text('exception.type'),
        message: text('exception.message'),
        stack: text('exception.stacktrace')
      }
    })
}

/** An error as its author would want to read it: what happened, then the user's own lines, the plumbing folded away. */
export function ErrorCard({ exception }: { exception: Exception }): VNode {
  const [all, setAll] = useState(false)
  const lines = frames(exception.stack)
  const shown = all ? lines : lines.filter((line, i) => i > 0 && (line.own || isCause(line)))
  const hidden = lines.length - 1 - shown.length
  return html`<section class="error-card">
    <h3>${visible(exception.type || 'Error')}: ${visible(exception.message)}</h3>
    ${
      lines.length > 1 &&
      html`<pre class="stack" tabindex="0" aria-label="Stack trace">${shown.map((line) => html`<${StackLine} ...${{ line }} />`)}</pre>`
    }
    <div class="actions">
      ${hidden > 0 && html`<button type="button" class="plain tiny" onClick=${() => setAll(true)}>${hidden} more lines</button>`}
      ${all && html`<button type="button" class="plain tiny" onClick=${() => setAll(false)}>Only own lines</button>`}
      ${exception.stack !== '' && html`<${CopyButton} ...${{ text: exception.stack, label: 'Copy the stack', icon: 'copy' } as const} />`}
    </div>
  </section>`
}

function isCause(line: Frame): boolean {
  return line.text.startsWith('Caused by:')
}

function StackLine({ line }: { line: Frame }): VNode {
  if (isCause(line)) return html`<span class="cause">${visible(line.text)}\n</span>`
  if (line.file === '') return html`<span>${visible(line.text)}\n</span>`
  return html`<span class=${line.own ? 'own' : 'foreign'}>${line.fn === '' ? '' : `${visible(line.fn)} `}<span class="where">${visible(shorten(line.file))}:${line.line}</span>\n</span>`
}

/** The end of a path says where; the beginning is the same on every line. */
function shorten(file: string): string {
  const parts = file.split('/')
  return parts.length > 4 ? `…/${parts.slice(-3).join('/')}` : file
}
