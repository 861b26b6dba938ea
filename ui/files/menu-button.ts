import type { ComponentType, VNode } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { html, part } from '../html.ts'
import { Icon } from '../icons.ts'
import { announcement } from '../state.ts'
import type { MenuProps } from './menu.ts'

/** What is exported: one trace, those that match a query, or those that were chosen by hand. */
export type ExportTarget =
  | { readonly traceId: string }
  | { readonly query: string }
  | { readonly ids: readonly string[] }

/** Opens the menu of formats, which is a chunk of its own: few readers take a trace elsewhere. */
export function ExportButton({ target }: { target: ExportTarget }): VNode {
  const button = useRef<HTMLButtonElement>(null)
  const place = useRef<HTMLDivElement>(null)
  const [open, setOpen] = useState(false)
  const [menu, setMenu] = useState<{ Menu: ComponentType<MenuProps> } | undefined>(undefined)
  useEffect(() => {
    if (!open) return undefined
    const away = (event: PointerEvent): void => {
      if (!place.current?.contains(event.target as Node)) setOpen(false)
    }
    document.addEventListener('pointerdown', away)
    return () => document.removeEventListener('pointerdown', away)
  }, [open])
  const toggle = (): void => {
    setOpen(!open)
    if (menu) return
    import('./menu.ts').then(setMenu, () => {
      setOpen(false)
      announcement.value = 'The menu could not be loaded'
    })
  }
  const close = (refocus: boolean): void => {
    setOpen(false)
    if (refocus) button.current?.focus()
  }
  return html`<div class="menu-place" ref=${place}>
    <button type="button" ref=${button} aria-haspopup="menu" aria-expanded=${open ? 'true' : 'false'} onClick=${toggle}>
      <${Icon} ...${{ name: 'download', small: true } as const} /><span class="caption">Export</span><${Icon} ...${{ name: 'collapse', small: true } as const} />
    </button>
    ${open && menu && part(menu.Menu, { target, onClose: close })}
  </div>`
}
