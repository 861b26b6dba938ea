import { signal, type Signal } from '@preact/signals'
import { useLayoutEffect } from 'preact/hooks'
import { dialog, shortcuts } from './state.ts'

/** One shortcut: what the `?` dialog says of it, and what it does. */
export interface Key {
  /** Values of `KeyboardEvent.key`; any of them. */
  keys: readonly string[]
  /** How it is written in the dialog, when the values themselves read badly. */
  shown?: readonly string[]
  /** What it does, as a verb: `pause the list`. */
  does: string
  /** Absent when the component that has the focus handles it itself, as grids do with arrows. */
  run?: (event: KeyboardEvent) => void
}

export interface KeyGroup {
  title: string
  keys: readonly Key[]
}

/** The groups that are on screen now, in the order in which they came. */
export const keyGroups: Signal<readonly KeyGroup[]> = signal([])

/** Makes a group of shortcuts work, and the dialog list them, while the component is on screen. */
export function useKeys(title: string, keys: readonly Key[]): void {
  // Before paint: a key that is pressed the moment the screen is seen must not be lost.
  useLayoutEffect(() => {
    const group = { title, keys }
    keyGroups.value = [...keyGroups.peek(), group]
    return () => {
      keyGroups.value = keyGroups.peek().filter((other) => other !== group)
    }
    // Handlers read signals, so the first ones stay right for as long as the component lives.
  }, [])
}

/** The one listener of the page; returns what removes it. */
export function listenForKeys(
  target: Pick<Document, 'addEventListener' | 'removeEventListener'>
): () => void {
  const listener = (event: KeyboardEvent): void => {
    if (shortcuts.peek() === 'off' || dialog.peek() !== '' || !isShortcut(event)) return
    // The latest group wins: a page's own key hides the shell's.
    for (const group of keyGroups.peek().toReversed()) {
      const key = group.keys.find(({ keys, run }) => run && keys.includes(event.key))
      if (!key?.run) continue
      event.preventDefault()
      key.run(event)
      return
    }
  }
  target.addEventListener('keydown', listener)
  return () => target.removeEventListener('keydown', listener)
}

/** A key that no text field wants and no browser or assistive technology has claimed with a modifier. */
function isShortcut(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return false
  if (event.defaultPrevented) return false
  const target = event.target
  if (!(target instanceof HTMLElement)) return true
  if (target.isContentEditable) return false
  return !/^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || isToggle(target)
}

function isToggle(target: HTMLElement): boolean {
  return target instanceof HTMLInputElement && /^(?:checkbox|radio)$/.test(target.type)
}
