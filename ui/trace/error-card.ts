import { useState } from 'preact/hooks'
import type { VNode } from 'preact'
import { ApiProblem } from '../api.ts'
import { CopyButton } from '../copy-button.ts'
import { formatMany, visible } from '../format.ts'
import { html } from '../html.ts'
import { exceptionsOf, useDetail, type Exception } from './detail.ts'
import type { Model } from './model.ts'
import { exceptionNear } from './path.ts'
import { frames, type Frame } from './stack.ts'
import type { View } from './view.ts'

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
      ${hidden > 0 && html`<button type="button" class="plain tiny" onClick=${() => setAll(true)}>${formatMany(hidden, 'more line')}</button>`}
      ${all && html`<button type="button" class="plain tiny" onClick=${() => setAll(false)}>Only own lines</button>`}
      ${exception.stack !== '' && html`<${CopyButton} ...${{ text: exception.stack, label: 'Copy the stack', icon: 'copy' } as const} />`}
    </div>
  </section>`
}

function isCause(line: Frame): boolean {
  return line.text.startsWith('Caused by:')
}

// Each line is a block of its own: the template drops the line breaks at the ends of texts.
function StackLine({ line }: { line: Frame }): VNode {
  if (isCause(line)) return html`<span class="frame cause">${visible(line.text)}</span>`
  if (line.file === '') return html`<span class="frame">${visible(line.text)}</span>`
  return html`<span class=${line.own ? 'frame own' : 'frame foreign'}>${line.fn === '' ? '(anonymous)' : visible(line.fn)} <span class="where">${visible(shorten(line.file))}:${line.line}</span></span>`
}

/** The exception behind a failed span that has none of its own: a driver reports the failure, the code around it throws. */
export function Elsewhere({
  view,
  model,
  row
}: {
  view: View
  model: Model
  row: number
}): VNode | false {
  const near = exceptionNear(model, row)
  const { spans, names, services } = model.columns
  const detail = useDetail(view.traceId, spans.id[near] ?? '', model)
  if (near < 0) return false
  const service =
    services.length > 1 ? `${visible(services[spans.service[near] ?? 0] ?? '')}: ` : ''
  const exceptions =
    detail === undefined || detail instanceof ApiProblem ? [] : exceptionsOf(detail)
  return html`<section class="elsewhere">
    <h3>Exception <span class="muted">in</span> <button type="button" class="plain link" onClick=${() => view.select(near, 'push')}>${service}${visible(names[spans.name[near] ?? -1] ?? '')}</button></h3>
    ${exceptions.slice(0, 1).map((exception) => html`<${ErrorCard} ...${{ exception }} />`)}
  </section>`
}

/** The end of a path says where; the beginning is the same on every line. */
function shorten(file: string): string {
  const parts = file.split('/')
  return parts.length > 4 ? `…/${parts.slice(-3).join('/')}` : file
}
