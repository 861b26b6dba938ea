import { useState } from 'preact/hooks'
import type { VNode } from 'preact'
import type { SpanDetail } from '../../src/wire/trace.ts'
import { formatOffset, printed, visible, visibleLines } from '../format.ts'
import { html } from '../html.ts'
import { Icon } from '../icons.ts'
import { AttributeList } from './attributes.ts'
import { zone } from '../state.ts'
import { type PlacedLog, recordedText } from './clocks.ts'
import { ErrorCard } from './error-card.ts'

export type Line = SpanDetail['logs'][number] & Partial<Pick<PlacedLog, 'moved'>>

/** Log lines of one span with their time after `from` (epoch milliseconds). */
export function LogLines({ logs, from }: { logs: Line[]; from: number }): VNode {
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set())
  const toggle = (i: number) => {
    const next = new Set(open)
    if (!next.delete(i)) next.add(i)
    setOpen(next)
  }
  return html`<ul class="logs">
    ${logs.map(
      (log, i) => html`<li class=${`log ${log.severity}`}>
        <div class="line">
          <${LineText} ...${{ log, from, open: open.has(i), onToggle: () => toggle(i) }} />
        </div>
        ${open.has(i) && html`<${Fields} ...${{ log }} />`}
      </li>`
    )}
  </ul>`
}

interface LineProps {
  log: Line
  from: number
  open: boolean
  onToggle: () => void
  /** Shown where there are several. */
  service?: string
  /** False where the line itself has the focus and the keys. */
  focusable?: boolean
}

/** Time, level and text; the level is a word, its colour only helps. Fields follow on the same line, as far as there is room. */
export function LineText({
  log,
  from,
  open,
  onToggle,
  service = '',
  focusable = true
}: LineProps): (VNode | false)[] {
  const more =
    log.attributes.length > 0 || log.body.length > 300 || log.body.includes('\n') || !!log.moved
  const click = (event: Event) => {
    event.stopPropagation()
    onToggle()
  }
  return [
    html`<span class=${log.moved ? 'muted when moved' : 'muted when'}>${formatOffset(log.time - from)}</span>`,
    html`<span class="level">${log.severity}</span>`,
    service !== '' && html`<span class="service clip">${visible(service)}</span>`,
    html`<span class="more">${
      more &&
      html`<button type="button" class="plain icon-only small-button" tabindex=${focusable ? 0 : -1} aria-expanded=${open ? 'true' : 'false'} aria-label="Fields" onClick=${click}><${Icon} ...${{ name: open ? 'collapse' : 'expand', small: true } as const} /></button>`
    }</span>`,
    html`<span class=${open ? 'text open' : 'text'}>${log.body === '' ? '' : html`<span class="body">${visibleLines(log.body)}</span>`}${!open && log.attributes.length > 0 && html`<span class="brief muted">${brief(log)}</span>`}</span>`
  ]
}

const longestBrief = 160

/** `order=7 user.id=42`: what tells lines apart that say the same. */
function brief({ attributes }: Line): string {
  let text = ''
  for (const [key, value] of attributes) {
    if (text.length > longestBrief) return `${text} …`
    if (key !== 'exception.stacktrace') text += ` ${visible(key)}=${visible(printed(value))}`
  }
  return text.trimStart().slice(0, longestBrief * 2)
}

/** Everything else of a line: its error as a card, its fields as a list. */
export function Fields({ log }: { log: Line }): VNode {
  const text = (key: string) =>
    String(log.attributes.find(([name]) => name === `exception.${key}`)?.[1] ?? '')
  const failed = log.attributes.some(([key]) => key === 'exception.type')
  const exception = { type: text('type'), message: text('message'), stack: text('stacktrace') }
  const others = failed
    ? log.attributes.filter(([key]) => !/^exception\.(?:type|message|stacktrace)$/.test(key))
    : log.attributes
  return html`<div class="fields">
    ${log.moved !== undefined && log.moved !== 0 && html`<p class="muted recorded">${recordedText(log.time, log.moved, zone.value)}</p>`}
    ${failed && html`<${ErrorCard} ...${{ exception }} />`}
    <${AttributeList} ...${{ title: '', entries: others }} />
  </div>`
}
