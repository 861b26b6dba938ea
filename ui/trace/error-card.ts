import type { VNode } from 'preact'
import { useState } from 'preact/hooks'
import type { SourceFrame } from '../../src/wire/source.ts'
import { ApiProblem } from '../api.ts'
import { CopyButton } from '../copy-button.ts'
import { formatMany, visible } from '../format.ts'
import { html } from '../html.ts'
import { CodeFrame } from './code-frame.ts'
import { exceptionsOf, useDetail, type Exception } from './detail.ts'
import type { Model } from './model.ts'
import { exceptionNear } from './path.ts'
import { useSource } from './source.ts'
import { frames, type Frame } from './stack.ts'
import type { View } from './view.ts'

/** An error as its author would want to read it: what happened, the line of theirs that it came from, the plumbing folded away. */
export function ErrorCard({
  exception,
  source = []
}: {
  exception: Exception
  source?: readonly SourceFrame[] | undefined
}): VNode {
  const [all, setAll] = useState(false)
  const [picked, setPicked] = useState(-1)
  const lines = frames(exception.stack).map((line, i) => withSource(line, sourceAt(source, i)))
  const shown = all ? lines : lines.filter((line, i) => i > 0 && (line.own || isCause(line)))
  const hidden = lines.length - 1 - shown.length
  const code = sourceAt(source, picked) ?? source.find(({ excerpt }) => excerpt !== null)
  return html`<section class="error-card">
    <h3>${visible(exception.type || 'Error')}: ${visible(exception.message)}</h3>
    ${code !== undefined && html`<${CodeFrame} ...${{ frame: code }} />`}
    ${
      lines.length > 1 &&
      html`<pre class="stack" tabindex="0" aria-label="Stack trace">${shown.map((line) => html`<${StackLine} ...${{ line, code, pick: setPicked }} />`)}</pre>`
    }
    <div class="actions">
      ${hidden > 0 && html`<button type="button" class="plain tiny" onClick=${() => setAll(true)}>${formatMany(hidden, 'more line')}</button>`}
      ${all && html`<button type="button" class="plain tiny" onClick=${() => setAll(false)}>Only own lines</button>`}
      ${exception.stack !== '' && html`<${CopyButton} ...${{ text: exception.stack, label: 'Copy the stack', icon: 'copy' } as const} />`}
    </div>
  </section>`
}

interface Line extends Frame {
  readonly source: SourceFrame | undefined
}

function sourceAt(source: readonly SourceFrame[], at: number): SourceFrame | undefined {
  return source.find((frame) => frame.at === at)
}

/** The process knows better than the text: where a line was written, and whose it is. */
function withSource(line: Frame, source: SourceFrame | undefined): Line {
  if (source === undefined) return { ...line, source }
  const { file, line: number, column, own } = source
  return { ...line, file, line: number, column, own, source }
}

function isCause(line: Frame): boolean {
  return line.text.startsWith('Caused by:')
}

interface StackLineProps {
  line: Line
  /** The frame whose code is shown. */
  code: SourceFrame | undefined
  pick: (at: number) => void
}

// Each line is a block of its own: the template drops the line breaks at the ends of texts.
function StackLine({ line, code, pick }: StackLineProps): VNode {
  if (isCause(line)) return html`<span class="frame cause">${visible(line.text)}</span>`
  if (line.file === '') return html`<span class="frame">${visible(line.text)}</span>`
  const { source } = line
  const text = html`${line.fn === '' ? '(anonymous)' : visible(line.fn)} <span class="where">${visible(shorten(line.file))}:${line.line}</span>`
  if (source === undefined || source.excerpt === null)
    return html`<span class=${line.own ? 'frame own' : 'frame foreign'}>${text}</span>`
  return html`<button type="button" class="plain frame own" aria-pressed=${source === code} onClick=${() => pick(source.at)}>${text}</button>`
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
  const answer = useDetail(view.traceId, spans.id[near] ?? '', model)
  const detail = answer instanceof ApiProblem ? undefined : answer
  const source = useSource(view.traceId, model, near, detail)
  if (near < 0) return false
  const service =
    services.length > 1 ? `${visible(services[spans.service[near] ?? 0] ?? '')}: ` : ''
  const exceptions = detail === undefined ? [] : exceptionsOf(detail)
  return html`<section class="elsewhere">
    <h3>Exception <span class="muted">in</span> <button type="button" class="plain link" onClick=${() => view.select(near, 'push')}>${service}${visible(names[spans.name[near] ?? -1] ?? '')}</button></h3>
    ${exceptions.slice(0, 1).map((exception) => html`<${ErrorCard} ...${{ exception, source: source?.stacks[0] }} />`)}
  </section>`
}

/** The end of a path says where; the beginning is the same on every line. */
function shorten(file: string): string {
  const parts = file.split('/')
  return parts.length > 4 ? `…/${parts.slice(-3).join('/')}` : file
}
