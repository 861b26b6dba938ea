import { useEffect } from 'preact/hooks'

/** Pointer over the rows, focus in them, away from the top, or text selected: the list must not move. */
export function useHold(
  element: { current: HTMLElement | null },
  onHold: (on: boolean) => void
): void {
  useEffect(() => {
    const grid = element.current
    if (!grid) return undefined
    let over = false
    const update = (): void => {
      const selection = getSelection()
      const selected =
        selection !== null && !selection.isCollapsed && grid.contains(selection.anchorNode)
      onHold(over || grid.scrollTop > 4 || grid.contains(document.activeElement) || selected)
    }
    const enter = (event: PointerEvent): void => {
      // A finger that is lifted is gone; only a mouse or a pen can rest on a row.
      over = event.pointerType !== 'touch'
      update()
    }
    const leave = (): void => {
      over = false
      update()
    }
    // The focus has not arrived yet when it leaves.
    const later = (): void => void setTimeout(update)
    grid.addEventListener('pointerenter', enter)
    grid.addEventListener('pointerleave', leave)
    grid.addEventListener('scroll', update, { passive: true })
    grid.addEventListener('focusin', update)
    grid.addEventListener('focusout', later)
    document.addEventListener('selectionchange', update)
    update()
    return () => {
      document.removeEventListener('selectionchange', update)
      grid.removeEventListener('pointerenter', enter)
      grid.removeEventListener('pointerleave', leave)
      grid.removeEventListener('scroll', update)
      grid.removeEventListener('focusin', update)
      grid.removeEventListener('focusout', later)
      // Gone to a trace: what the reader left must be there on return.
      onHold(true)
    }
  }, [])
}
