import { useEffect, useRef, useState } from 'preact/hooks'
import type { VNode } from 'preact'
import { formatDuration, visible } from '../format.ts'
import { html } from '../html.ts'
import { dark } from '../state.ts'
import type { Flame, Origin, Stretch } from './profile.ts'

const lane = 18
/** A canvas has a greatest height; deeper stacks than this nobody reads. */
const maxDepth = 120
const colours: Readonly<Record<Origin, string>> = {
  own: '--cat-0',
  package: '--cat-3',
  node: '--cat-7',
  gc: '--warn'
}

interface Window {
  readonly from: number
  readonly to: number
}

/** Time from left to right, the stack from top to bottom. A picture: what it shows stands in the table below, too. */
export function FlameChart({ flame, selected }: { flame: Flame; selected: string }): VNode {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [window, setWindow] = useState<Window>({ from: 0, to: flame.duration })
  const [at, setAt] = useState<{ stretch: Stretch; x: number; y: number } | undefined>(undefined)
  const isDark = dark.value
  const depth = Math.min(flame.depth, maxDepth)
  useEffect(() => setWindow({ from: 0, to: flame.duration }), [flame])
  useEffect(() => {
    const element = canvas.current
    if (element === null) return
    const draw = () => paint(element, flame, window, selected)
    draw()
    const observer = new ResizeObserver(draw)
    observer.observe(element)
    return () => observer.disconnect()
  }, [flame, window, selected, isDark])
  const find = (event: MouseEvent) => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect()
    const time = window.from + ((event.clientX - box.left) / box.width) * (window.to - window.from)
    const stretch = stretchAt(flame, Math.floor((event.clientY - box.top) / lane), time)
    return stretch && { stretch, x: event.clientX - box.left, y: event.clientY - box.top }
  }
  const zoomed = window.from > 0 || window.to < flame.duration
  const total = `${formatDuration(flame.busy / 1000)} of ${formatDuration(flame.duration / 1000)}`
  return html`<div class="flame">
    <p class="muted flame-line">
      <span>The processor was busy for <b>${total}</b>. Click a function to zoom to it.</span>
      ${zoomed && html`<button type="button" onClick=${() => setWindow({ from: 0, to: flame.duration })}>Show all</button>`}
    </p>
    <div class="flame-picture">
      <canvas
        ref=${canvas}
        class="data-mark"
        role="img"
        aria-label=${`Flame chart: what ran when. Busy for ${total}; the functions stand in the table below.`}
        style=${`height:${Math.max(1, depth) * lane}px`}
        onMouseMove=${(event: MouseEvent) => setAt(find(event))}
        onMouseLeave=${() => setAt(undefined)}
        onClick=${(event: MouseEvent) => {
          const found = find(event)
          if (found !== undefined) setWindow({ from: found.stretch.from, to: found.stretch.to })
        }}
      ></canvas>
      ${at !== undefined && html`<${Tip} ...${at} />`}
    </div>
  </div>`
}

function Tip({ stretch, x, y }: { stretch: Stretch; x: number; y: number }): VNode {
  const { fn, from, to } = stretch
  const side = x > 420 ? `right:calc(100% - ${x - 8}px)` : `left:${x + 12}px`
  return html`<div class="flame-tip" style=${`${side};top:${y + 14}px`}>
    <b>${visible(fn.name)}</b> <span class="muted">${formatDuration((to - from) / 1000)} here</span>
    <br />
    <span class="muted">in all self ${formatDuration(fn.self / 1000)}, total ${formatDuration(fn.total / 1000)}</span>
    ${fn.where !== '' && html`<br /><code>${visible(fn.where)}</code>`}
  </div>`
}

function stretchAt(flame: Flame, depth: number, time: number): Stretch | undefined {
  return flame.rows[depth]?.find(({ from, to }) => from <= time && time < to)
}

function paint(canvas: HTMLCanvasElement, flame: Flame, window: Window, selected: string): void {
  const width = canvas.clientWidth
  const height = canvas.clientHeight
  const scale = devicePixelRatio
  canvas.width = Math.max(1, Math.round(width * scale))
  canvas.height = Math.max(1, Math.round(height * scale))
  const context = canvas.getContext('2d')
  if (context === null) return
  context.scale(scale, scale)
  const style = getComputedStyle(canvas)
  const colourOf = (name: string) => style.getPropertyValue(name)
  const fills = Object.fromEntries(
    Object.entries(colours).map(([origin, name]) => [origin, colourOf(name)])
  ) as Record<Origin, string>
  const hit = colourOf('--accent')
  context.font = `11px ${colourOf('--sans')}`
  context.textBaseline = 'middle'
  const length = window.to - window.from
  for (const [depth, row] of flame.rows.slice(0, maxDepth).entries()) {
    let last = -1
    for (const { fn, from, to } of row) {
      const left = Math.max(0, ((from - window.from) / length) * width)
      const right = Math.min(width, ((to - window.from) / length) * width)
      // What is narrower than a pixel is drawn once for each pixel.
      if (right <= 0 || left >= width || right <= last + 0.7) continue
      last = right
      const chosen = selected !== '' && `${fn.name} ${fn.where}` === selected
      context.globalAlpha = selected === '' || chosen ? 1 : 0.35
      context.fillStyle = chosen ? hit : fills[fn.origin]
      context.fillRect(left, depth * lane, Math.max(0.7, right - left - 0.5), lane - 1)
      if (right - left < 40) continue
      context.globalAlpha = 1
      context.fillStyle = colourOf(isLight(fills[fn.origin]) ? '--on-light' : '--on-dark')
      context.fillText(fitting(fn.name, right - left - 8), left + 4, depth * lane + lane / 2)
    }
  }
}

function fitting(text: string, width: number): string {
  // By the widest character of the font's size; measuring each of thousands of names takes longer than drawing.
  const most = Math.floor(width / 6)
  const shown = visible(text)
  return shown.length <= most ? shown : most < 3 ? '' : `${shown.slice(0, most - 1)}…`
}

/** Whether a colour needs dark text on it (WCAG's relative luminance, roughly). */
function isLight(colour: string): boolean {
  const [, r = '0', g = '0', b = '0'] =
    /^\s*#(..)(..)(..)/.exec(colour) ?? ([] as unknown as string[])
  const part = (hex: string) => parseInt(hex, 16) / 255
  return 0.2126 * part(r) ** 2.2 + 0.7152 * part(g) ** 2.2 + 0.0722 * part(b) ** 2.2 > 0.2
}
