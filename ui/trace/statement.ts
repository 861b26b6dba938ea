import { useEffect, useState } from 'preact/hooks'
import type { VNode } from 'preact'
import { CopyButton } from '../copy-button.ts'
import { visible } from '../format.ts'
import { html } from '../html.ts'

/** A database statement, laid out for reading; what is copied is the statement as it was sent. */
export function Statement({ text, system }: { text: string; system: string }): VNode {
  const [pretty, setPretty] = useState('')
  useEffect(() => {
    let current = true
    // The formatter is half as large as the rest of the page, so it comes when a statement is looked at.
    import('./sql.ts')
      .then((sql) => current && setPretty(sql.formatSql(text, system)))
      .catch(() => {})
    return () => {
      current = false
    }
  }, [text, system])
  return html`<section class="statement">
    <h3>Query <${CopyButton} ...${{ text, label: 'Copy the query', icon: 'copy' } as const} /></h3>
    <pre tabindex="0" aria-label="Database query">${parts(readable(pretty === '' ? text : pretty))}</pre>
  </section>`
}

/** Line breaks are layout here, everything else unseen is not. */
function readable(text: string): string {
  return text.split('\n').map(visible).join('\n')
}

const token =
  /\b(?:select|from|where|and|or|not|in|is|null|join|left|right|inner|outer|full|cross|on|using|group|order|by|having|limit|offset|insert|into|values|update|set|delete|returning|as|distinct|union|all|exists|between|like|ilike|case|when|then|else|end|begin|commit|rollback|with|asc|desc|count|sum|min|max|avg)\b|\$\d{1,4}|\?|'[^'\n]{0,200}'/gi

/** Words of the language and placeholders apart from the rest, by one linear pattern. */
function parts(text: string): (string | VNode)[] {
  const list: (string | VNode)[] = []
  let from = 0
  for (const match of text.matchAll(token)) {
    list.push(text.slice(from, match.index))
    const kind = /^[$?]/.test(match[0]) ? 'param' : match[0].startsWith("'") ? 'literal' : 'word'
    list.push(html`<span class=${kind}>${match[0]}</span>`)
    from = match.index + match[0].length
  }
  list.push(text.slice(from))
  return list
}
