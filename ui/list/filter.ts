import { h, type VNode } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { parseQuery } from '../../src/wire/query.ts'
import type { Summary } from '../../src/wire/summary.ts'
import { html } from '../html.ts'
import { Icon } from '../icons.ts'
import { useKeys } from '../keys.ts'
import { suggest, take, type Suggestion } from './suggest.ts'

export interface FilterProps {
  query: string
  /** Called with what was typed, after a pause; and at once, as a step of its own in the history, on Enter. */
  onQuery: (query: string, how: 'push' | 'replace') => void
  /** Traces whose values are offered. */
  seen: () => readonly Summary[]
}

/** Milliseconds without a key; more for what the process must search its spans for. */
const pauseMs = 150
const searchPauseMs = 400

/**
 * The filter box, a combobox. What is typed lives here and reaches the list after a pause: bound to the list's own state,
 * the input loses keystrokes while traces stream in.
 */
export function FilterBox({ query, onQuery, seen }: FilterProps): VNode {
  const input = useRef<HTMLInputElement>(null)
  const [draft, setDraft] = useState(query)
  const [caret, setCaret] = useState(query.length)
  const [open, setOpen] = useState(false)
  const [chosen, setChosen] = useState(-1)
  const sent = useRef(query)
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)

  // A query that came from elsewhere: a chip, the chart, the back button.
  useEffect(() => {
    if (query === sent.current) return
    sent.current = query
    setDraft(query)
    setCaret(query.length)
  }, [query])
  useEffect(() => () => clearTimeout(timer.current), [])
  useKeys('Filter', [
    { keys: ['/'], does: 'go to the filter', run: () => input.current?.select() },
    { keys: ['↓', '↑'], does: 'choose a suggestion' },
    { keys: ['Enter', 'Tab'], does: 'take it; Enter alone applies' },
    { keys: ['Esc'], does: 'close the suggestions, leave' }
  ])

  const send = (text: string, how: 'push' | 'replace'): void => {
    clearTimeout(timer.current)
    sent.current = text.trim()
    onQuery(sent.current, how)
  }
  const type = (text: string, at: number): void => {
    setDraft(text)
    setCaret(at)
    setChosen(-1)
    setOpen(true)
    clearTimeout(timer.current)
    const pause = parseQuery(text).needsSpans ? searchPauseMs : pauseMs
    timer.current = setTimeout(() => send(text, 'replace'), pause)
  }
  const offered = open ? suggest(draft, caret, seen()) : undefined
  const items = offered?.items ?? []
  const accept = (item: Suggestion): void => {
    if (!offered) return
    const [text, at] = take(draft, offered, item)
    type(text, at)
    setOpen(item.open)
    // The input's own value is written at the next render; the caret after it.
    setTimeout(() => input.current?.setSelectionRange(at, at))
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const down = event.key === 'ArrowDown'
    if ((down || event.key === 'ArrowUp') && items.length > 0) {
      event.preventDefault()
      // One place more than there are items: none, which is what was typed.
      setChosen(((chosen + 1 + (down ? 1 : items.length)) % (items.length + 1)) - 1)
    } else if (down) {
      event.preventDefault()
      setOpen(true)
    } else if (event.key === 'Enter' || (event.key === 'Tab' && items[chosen])) {
      const item = items[chosen]
      if (item) {
        event.preventDefault()
        accept(item)
      } else {
        setOpen(false)
        send(draft, 'push')
      }
    } else if (event.key === 'Escape') {
      event.preventDefault()
      if (items.length > 0) setOpen(false)
      else input.current?.blur()
    }
  }
  const shown = items.length > 0
  const clear = (): void => {
    setDraft('')
    setOpen(false)
    send('', 'push')
    input.current?.focus()
  }
  return html`<div class="filter" role="search">
    ${h(Icon, { name: 'search' })}
    <input ref=${input} type="text" value=${draft} spellcheck=${false} autocomplete="off" autocapitalize="off"
      role="combobox" aria-label="Filter traces" aria-autocomplete="list" aria-expanded=${shown ? 'true' : 'false'}
      aria-controls="suggestions" aria-activedescendant=${shown && chosen >= 0 ? `suggestion${chosen}` : undefined}
      placeholder='status:>=500 -route:/health dur:>100ms "checkout"'
      onInput=${(event: Event) => {
        const box = event.currentTarget as HTMLInputElement
        type(box.value, box.selectionStart ?? box.value.length)
      }}
      onClick=${() => {
        setCaret(input.current?.selectionStart ?? draft.length)
        setOpen(true)
      }}
      onFocus=${() => setCaret(input.current?.selectionStart ?? draft.length)}
      onBlur=${() => setOpen(false)} onKeyDown=${onKeyDown} />
    ${
      draft === ''
        ? html`<kbd class="hint" aria-hidden="true">/</kbd>`
        : html`<button class="plain icon-only" aria-label="Clear the filter" onClick=${clear}>${h(Icon, { name: 'close' })}</button>`
    }
    <ul id="suggestions" role="listbox" aria-label="Suggestions" hidden=${!shown}>
      ${items.map(
        (
          item,
          i
        ) => html`<li role="option" id=${`suggestion${i}`} key=${item.insert} aria-selected=${i === chosen ? 'true' : 'false'}
          onPointerDown=${(event: Event) => {
            // Before the input loses the focus, and the list with it.
            event.preventDefault()
            accept(item)
          }}><code>${item.insert}</code><span class="muted clip">${item.detail}</span></li>`
      )}
    </ul>
  </div>`
}
