import type { VNode } from 'preact'
import type { SpanDetail } from '../../src/wire/trace.ts'
import { CopyButton } from '../copy-button.ts'
import { visible } from '../format.ts'
import { html } from '../html.ts'

/** Names of the attributes that hold a body. */
export const bodyKey: RegExp = /^http\.(request|response)\.body\.content$/

/** What was sent and what was answered, laid out for reading; what is copied is what was kept. */
export function HttpBodies({ span }: { span: SpanDetail }): (VNode | null)[] {
  return span.attributes.map(([key, value]) => {
    const side = bodyKey.exec(key)?.[1]
    if (side === undefined || typeof value !== 'string') return null
    const title = side === 'request' ? 'Request body' : 'Response body'
    return html`<section class="statement" key=${key}>
      <h3>${title} <${CopyButton} ...${{ text: value, label: `Copy the ${title.toLowerCase()}`, icon: 'copy' } as const} /></h3>
      <pre tabindex="0" aria-label=${title}>${laidOut(value).split('\n').map(visible).join('\n')}</pre>
    </section>`
  })
}

function laidOut(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}
