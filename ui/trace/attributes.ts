import { useState } from 'preact/hooks'
import type { VNode } from 'preact'
import type { AttributeEntry } from '../../src/wire/trace.ts'
import { CopyButton } from '../copy-button.ts'
import { printed, visible } from '../format.ts'
import { html } from '../html.ts'
import { Icon } from '../icons.ts'
import { listHref } from '../route.ts'

interface ListProps {
  title: string
  entries: AttributeEntry[]
  /** Offer to look for other traces with the same value. */
  filters?: boolean
  folded?: boolean
}

/** Keys and values, as text only: they come from strangers. A long value is cut and opens. */
export function AttributeList({
  title,
  entries,
  filters = false,
  folded = false
}: ListProps): VNode | null {
  if (entries.length === 0) return null
  const list = html`<dl class="attributes">
    ${entries.map(
      ([key, value]) => html`<div>
        <dt>${breakable(visible(key))}</dt>
        <dd>
          <${Value} ...${{ value }} />
          <span class="value-tools">
            ${filters && html`<a class="button plain icon-only" href=${listHref({ q: term(key, value) })} aria-label=${`Traces with ${visible(key)} like this`} title="Traces with this value"><${Icon} ...${{ name: 'search', small: true } as const} /></a>`}
            <${CopyButton} ...${{ text: printed(value), label: `Copy ${visible(key)}`, icon: 'copy' } as const} />
          </span>
        </dd>
      </div>`
    )}
  </dl>`
  if (title === '') return list
  if (folded)
    return html`<details class="fold-list"><summary>${title} <span class="muted">${entries.length}</span></summary>${list}</details>`
  return html`<section><h3>${title} <span class="muted">${entries.length}</span></h3>${list}</section>`
}

/** A long key breaks between its words, not within one. */
function breakable(key: string): (VNode | string)[] {
  return key.split(/(?<=[._-])/).flatMap((word, i) => (i === 0 ? [word] : [html`<wbr />`, word]))
}

const longest = 300

function Value({ value }: { value: AttributeEntry[1] }): VNode {
  const [open, setOpen] = useState(false)
  const text = visible(printed(value))
  const kind =
    typeof value === 'number' ? 'number' : typeof value === 'boolean' ? 'boolean' : 'text'
  if (text.length <= longest) return html`<span class=${`value ${kind}`}>${text}</span>`
  return html`<span class=${`value ${kind}`}>${open ? text : `${text.slice(0, longest)}…`} <button type="button" class="plain tiny" onClick=${() => setOpen(!open)}>${open ? 'less' : `all ${text.length} characters`}</button></span>`
}

/** The value as a term of the query language: `:` finds it in longer texts, too. */
export function term(key: string, value: AttributeEntry[1], operator: ':' | '=' = ':'): string {
  const text = printed(value)
  const plain = /^[\w./-]+$/.test(text)
  return `@${key}${operator}${plain ? text : `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`}`
}
