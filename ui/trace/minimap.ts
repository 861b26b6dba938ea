import { useEffect, useRef } from 'preact/hooks'
import type { VNode } from 'preact'
import { categories, spanFlag } from '../../src/wire/trace.ts'
import { formatDuration } from '../format.ts'
import { html } from '../html.ts'
import { dark } from '../state.ts'
import { activity, bounds, errorTimes } from './activity.ts'
import { colourOf } from './colours.ts'
import type { Model } from './model.ts'
import { pan, zoomAt } from './scale.ts'
import type { View } from './view.ts'

const height = 56
/** One line per span turns into a thin diagonal beyond this many; then the minimap counts active spans instead. */
const drawEach = 400

/** The whole trace in one strip; drag to look at a part of it. Also a slider, so that dragging is never the only way. */
export function Minimap({ view }: { view: View }): VNode {
  const canvas = useRef<HTMLCanvasElement>(null)
  const drag = useRef<{ at: number } | undefined>(undefined)
  const model = view.model.value
  const window = view.window.value
  const whole = view.whole.value
  const colour = view.colour.value
  const isDark = dark.value
  useEffect(() => {
    const element = canvas.current
    if (element === null || model === undefined) return
    const draw = () => paint(element, model, colour)
    draw()
    const observer = new ResizeObserver(draw)
    observer.observe(element)
    return () => observer.disconnect()
  }, [model, colour, isDark])

  const length = whole.to - whole.from
  const percent = (time: number) => `${(((time - whole.from) / length) * 100).toFixed(3)}%`
  const zoomed = window.from > whole.from || window.to < whole.to
  const timeAt = (event: PointerEvent) => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect()
    return whole.from + Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * length
  }
  const onPointerDown = (event: PointerEvent) => {
    if (event.button !== 0) return
    ;(event.currentTarget as HTMLElement).setPointerCapture(event.pointerId)
    drag.current = { at: timeAt(event) }
  }
  const onPointerMove = (event: PointerEvent) => {
    if (drag.current === undefined) return
    const [from, to] = [drag.current.at, timeAt(event)].sort((a, b) => a - b) as [number, number]
    if (to - from > length / 400) view.setWindow({ from, to })
  }
  const onPointerUp = () => (drag.current = undefined)
  const onKeyDown = (event: KeyboardEvent) => {
    const share = event.shiftKey ? 0.5 : 0.1
    const step = { ArrowLeft: -share, ArrowRight: share }[event.key]
    if (step !== undefined) view.setWindow(pan(window, whole, step))
    else if (event.key === 'ArrowUp')
      view.setWindow(zoomAt(window, whole, 0.5, (window.from + window.to) / 2))
    else if (event.key === 'ArrowDown')
      view.setWindow(zoomAt(window, whole, 2, (window.from + window.to) / 2))
    else if (event.key === 'Escape' || event.key === 'Home') view.setWindow(whole)
    else return
    event.preventDefault()
  }
  const said = `${formatDuration((window.from - whole.from) / 1000)} to ${formatDuration((window.to - whole.from) / 1000)} of ${formatDuration(length / 1000)}`
  return html`<div
    class="minimap"
    role="slider"
    tabindex="0"
    aria-label="Part of the trace that is shown. Arrows move and zoom, Escape shows all."
    aria-valuemin="0"
    aria-valuemax="100"
    aria-valuenow=${Math.round(((window.from - whole.from) / length) * 100)}
    aria-valuetext=${said}
    title="Drag to zoom, double-click to show all"
    onPointerDown=${onPointerDown}
    onPointerMove=${onPointerMove}
    onPointerUp=${onPointerUp}
    onDblClick=${() => view.setWindow(whole)}
    onKeyDown=${onKeyDown}
  >
    <canvas ref=${canvas} aria-hidden="true"></canvas>
    ${
      zoomed &&
      html`<div class="veil" style=${`left:0;width:${percent(window.from)}`}></div>
        <div class="veil" style=${`left:${percent(window.to)};right:0`}></div>
        <div class="lens" style=${`left:${percent(window.from)};width:${(((window.to - window.from) / length) * 100).toFixed(3)}%`}></div>`
    }
  </div>`
}

function paint(canvas: HTMLCanvasElement, model: Model, by: 'kind' | 'service'): void {
  const width = canvas.clientWidth
  const scale = devicePixelRatio
  canvas.width = Math.max(1, Math.round(width * scale))
  canvas.height = height * scale
  const context = canvas.getContext('2d')
  if (context === null) return
  context.scale(scale, scale)
  const style = getComputedStyle(canvas)
  const colours = categories.map((_, i) => style.getPropertyValue(`--cat-${i}`))
  const { columns } = model
  const { from, length } = bounds(columns)
  const x = (time: number) => ((time - from) / length) * width
  const top = 6
  if (model.count <= drawEach) paintSpans()
  else paintActivity()
  context.fillStyle = style.getPropertyValue('--err-mark')
  for (const time of errorTimes(columns)) context.fillRect(x(time) - 1, 0, 2, 5)

  function paintSpans(): void {
    const { start, duration, flags } = columns.spans
    const line = Math.min(4, (height - top - 4) / model.count)
    for (let i = 0; i < model.count; i++) {
      // Only where it began: a failure that passed through every service would paint the whole picture red.
      const failed = ((flags[i] as number) & spanFlag.error) !== 0 && model.errorsBelow[i] === 0
      context!.fillStyle = failed
        ? style.getPropertyValue('--err-mark')
        : (colours[colourOf(model, i, by)] as string)
      const y = top + ((height - top - 4) * i) / model.count
      context!.fillRect(
        x(start[i] as number),
        y,
        Math.max(1, ((duration[i] as number) / length) * width),
        Math.max(1, line - 0.5)
      )
    }
  }

  function paintActivity(): void {
    const slices = Math.max(1, Math.floor(width / 2))
    const { active, peak } = activity(columns, slices)
    for (let s = 0; s < slices; s++) {
      let y = height - 2
      for (let c = 0; c < colours.length; c++) {
        const high =
          ((active[s * colours.length + c] as number) / Math.max(1, peak)) * (height - top - 4)
        if (high <= 0) continue
        context!.fillStyle = colours[c] as string
        context!.fillRect(s * 2, y - high, 2, high)
        y -= high
      }
    }
  }
}
