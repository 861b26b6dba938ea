import { h, type ComponentChildren, type VNode } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { html } from '../html.ts'
import { Icon } from '../icons.ts'
import { dialog } from '../state.ts'

/** A modal dialog of the browser: it keeps the focus, closes on Escape and gives the focus back. */
export function Dialog(props: {
  name: 'keys' | 'settings' | 'import'
  title: string
  children: ComponentChildren
}): VNode | null {
  const element = useRef<HTMLDialogElement>(null)
  const open = dialog.value === props.name
  useEffect(() => {
    if (open) element.current?.showModal()
  }, [open])
  if (!open) return null
  const close = (): void => {
    element.current?.close()
  }
  const onClick = (event: MouseEvent): void => {
    if (event.target === element.current) close()
  }
  const id = `dialog-${props.name}`
  return html`<dialog ref=${element} aria-labelledby=${id} onClick=${onClick}
    onClose=${() => void (dialog.value = '')}>
    <div class="dialog-head">
      <h2 id=${id}>${props.title}</h2>
      <button class="plain icon-only" aria-label="Close" onClick=${close}>${h(Icon, { name: 'close' })}</button>
    </div>
    ${props.children}
  </dialog>`
}
