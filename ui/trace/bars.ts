import type { VNode } from 'preact'
import { html } from '../html.ts'
import { joined, pathStretches, type Stretch } from './critical.ts'
import type { Model } from './model.ts'
import { place } from './scale.ts'
import type { View } from './view.ts'

interface BarProps {
  view: View
  model: Model
  /** Rows whose part of the critical path is drawn under the bar. */
  first: number
  end: number
  start: number
  duration: number
  colour: number
  failed: boolean
  open: boolean
}

/** A span's stretch of time; an arrow where it lies outside of what is shown. */
export function Bar({
  view,
  model,
  first,
  end,
  start,
  duration,
  colour,
  failed,
  open
}: BarProps): VNode {
  const box = place(view.window.value, start, duration)
  if (box === undefined) {
    const before = start + duration < view.window.value.from
    return html`<span class=${before ? 'off left' : 'off right'}></span>`
  }
  const classes = `bar data-mark c${colour}${failed ? ' bad' : ''}${open ? ' open' : ''}`
  return html`<span class=${classes} style=${`left:${box.x.toFixed(3)}%;width:${box.w.toFixed(3)}%`}></span>
    <${Critical} ...${{ view, model, first, end }} />`
}

/** The bars of a folded group, as many as the eye can tell apart. */
export function Members({
  view,
  model,
  first,
  count,
  colour
}: {
  view: View
  model: Model
  first: number
  count: number
  colour: number
}): VNode {
  const { start, duration } = model.columns.spans
  const members: Stretch[] = []
  for (let i = first; i < first + count; i++) {
    const from = start[i] as number
    members.push({ from, to: from + (duration[i] as number) })
  }
  // A few are drawn one by one, however close: their number is what the row is about.
  const gap = count <= fewMembers ? -Infinity : undefined
  return html`<span class="members">${marks(view, members, `bar thin data-mark c${colour}`, gap)}</span>`
}

/** The stretches in which the response waited for these rows, underlined. */
export function Critical({
  view,
  model,
  first,
  end
}: {
  view: View
  model: Model
  first: number
  end: number
}): VNode {
  const stretches = pathStretches(model.columns, model.path, first, end)
  return html`<span class="cps">${marks(view, stretches, 'cp data-mark')}</span>`
}

const fewMembers = 200

/** Columns of pixels that are told apart at most; more elements than this would be drawn on top of each other. */
const resolution = 500

function marks(view: View, stretches: readonly Stretch[], classes: string, gap?: number): VNode[] {
  const window = view.window.value
  const drawn = joined(stretches, window, gap ?? (window.to - window.from) / resolution)
  return drawn.flatMap(({ from, to }) => {
    const box = place(window, from, to - from)
    return box
      ? html`<span class=${classes} style=${`left:${box.x.toFixed(3)}%;width:${box.w.toFixed(3)}%`}></span>`
      : []
  })
}
