import type { VNode } from 'preact'
import { html } from '../html.ts'
import { nameWidth } from '../state.ts'

/** Pixels; the bars keep at least as much as the names must. */
const least = 120
const leastBars = 120
const step = 16

/** Widths of the name and of the duration column in a timeline of `width` pixels: what the reader chose, as far as it fits. */
export function nameWidthIn(width: number): { name: number; duration: number; most: number } {
  const narrow = width < 520
  const duration = narrow ? 70 : 84
  const most = Math.max(least, width - duration - leastBars)
  const suits = Math.min(460, Math.max(narrow ? 150 : 220, width * 0.38))
  const wanted = nameWidth.value === 0 ? suits : nameWidth.value
  return { name: Math.round(Math.min(most, Math.max(least, wanted))), duration, most }
}

/** The line between the names and the bars: dragged, moved by arrows, put back by a double click or Escape. */
export function NameWidth({ width }: { width: number }): VNode {
  const { name, duration, most } = nameWidthIn(width)
  const set = (pixels: number): void => {
    nameWidth.value = Math.round(Math.min(most, Math.max(least, pixels)))
  }
  const onPointerDown = (event: PointerEvent): void => {
    if (event.button !== 0) return
    const handle = event.currentTarget as HTMLElement
    const from = event.clientX - name
    handle.setPointerCapture(event.pointerId)
    const move = (moved: PointerEvent): void => set(moved.clientX - from)
    handle.addEventListener('pointermove', move)
    handle.addEventListener(
      'lostpointercapture',
      () => handle.removeEventListener('pointermove', move),
      { once: true }
    )
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const steps: Record<string, () => void> = {
      ArrowLeft: () => set(name - step),
      ArrowRight: () => set(name + step),
      Home: () => set(least),
      End: () => set(most),
      Escape: () => void (nameWidth.value = 0)
    }
    const run = steps[event.key]
    if (run === undefined || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    run()
  }
  return html`<div
    class="name-width"
    role="separator"
    tabindex="0"
    aria-orientation="vertical"
    aria-label="Width of the span names"
    aria-valuemin=${least}
    aria-valuemax=${most}
    aria-valuenow=${name}
    style=${`left:${name + duration}px`}
    title="Drag to resize, double-click to reset"
    onPointerDown=${onPointerDown}
    onDblClick=${() => (nameWidth.value = 0)}
    onKeyDown=${onKeyDown}
  ></div>`
}
