import { useEffect, useRef, useState } from 'preact/hooks'
import type { VNode } from 'preact'
import { copy } from './copy.ts'
import { html } from './html.ts'
import { Icon, type IconName } from './icons.ts'

interface CopyProps {
  /** A function where making the text is work. */
  text: string | (() => string)
  label: string
  icon: IconName
  /** With its label as text. */
  wide?: boolean
}

/** Copies, and says so in place for two seconds. */
export function CopyButton({ text, label, icon, wide = false }: CopyProps): VNode {
  const [state, setState] = useState<'' | 'done' | 'failed'>('')
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])
  const onClick = (event: MouseEvent) => {
    event.stopPropagation()
    void copy(typeof text === 'string' ? text : text()).then((done) => {
      setState(done ? 'done' : 'failed')
      clearTimeout(timer.current)
      timer.current = setTimeout(() => setState(''), 2000)
    })
  }
  const said =
    state === 'done' ? 'Copied' : state === 'failed' ? 'Copying is not allowed here' : label
  return html`<button type="button" class=${wide ? '' : 'plain icon-only small-button'} aria-label=${said} title=${said} onClick=${onClick}>
    <${Icon} ...${{ name: state === 'done' ? 'check' : icon, small: true }} />${wide && html`<span class="caption">${state === '' ? label : said}</span>`}
  </button>`
}
