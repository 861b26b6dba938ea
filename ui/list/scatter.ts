import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import type { VNode } from 'preact'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { formatAge, formatDuration, formatMany } from '../format.ts'
import { html } from '../html.ts'
import { go } from '../route.ts'
import { dark, inFlight, saved, zone } from '../state.ts'
import { drawAll, plotted, type Plotted } from './dots.ts'
import type { Row } from './rows.ts'
import { title } from './row.ts'

export interface ScatterProps {
  /** Oldest first. */
  rows: readonly Row[]
  /** Changes when the rows do. */
  version: number
  /** A band was drawn: durations, as the query language writes them. */
  onRange: (from: string, to: string) => void
}

const height = 96
/** uPlot's number for it; its enum exists in types only. */
const logarithmic: number = 3

/** Latency over time, logarithmic: what an average hides. It is a picture of the list; `dur:` in the filter does the same. */
export function Scatter({ rows, version, onRange }: ScatterProps): VNode {
  const place = useRef<HTMLDivElement>(null)
  const label = useRef<HTMLDivElement>(null)
  const chart = useRef<uPlot | undefined>(undefined)
  const data = useRef<Plotted>(plotted([], [], 0, Date.now()))
  const latest = useRef(onRange)
  latest.current = onRange
  const running = inFlight.value
  // What is saved ends with its newest trace, not now.
  data.current = plotted(rows, running.rows, running.at, saved.value ? 0 : Date.now())

  useLayoutEffect(() => {
    const element = place.current
    if (!element) return undefined
    const made = make(element, label, data, (from, to) => latest.current(from, to))
    chart.current = made
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }))
    observer.observe(element)
    return () => {
      observer.disconnect()
      made.destroy()
    }
  }, [dark.value, zone.value])

  useEffect(() => {
    const { from, to, range } = data.current
    chart.current?.batch((plot: uPlot) => {
      plot.setScale('x', { min: from / 1000, max: to / 1000 })
      plot.setScale('y', { min: range[0], max: range[1] })
    })
    // The edges may be where they were while points came.
    chart.current?.redraw(false)
  }, [version, running, dark.value, zone.value])

  const { points, p95, from, to } = data.current
  const failures = points.filter((point) => point.failed).length
  const sentence =
    `Latency of the last ${formatAge(to - from)}: ${formatMany(points.length, 'trace')}, ${formatMany(failures, 'error')}` +
    (p95 > 0 ? `, 95 % within ${formatDuration(p95)}` : '')
  return html`<div class="scatter" role="img" aria-label=${sentence}>
    <div ref=${place} class="plot"></div>
    <div ref=${label} class="tip" hidden aria-hidden="true"></div>
  </div>`
}

function make(
  element: HTMLElement,
  label: { current: HTMLElement | null },
  data: { current: Plotted },
  onRange: (from: string, to: string) => void
): uPlot {
  const style = getComputedStyle(document.documentElement)
  // Read once: another theme makes another chart.
  const tokens = new Map<string, string>()
  const token = (name: string): string => {
    const value = tokens.get(name) ?? style.getPropertyValue(name).trim()
    tokens.set(name, value)
    return value
  }
  const font = `11px ${token('--sans')}`
  const axis = { stroke: token('--muted'), font, ticks: { show: false } }
  const grid = { stroke: token('--line2'), width: 1 }
  let near: Plotted['points'][number] | undefined
  const plot = new uPlot(
    {
      width: element.clientWidth || 600,
      height,
      padding: [8, 12, 0, 0],
      legend: { show: false },
      cursor: {
        points: { show: false },
        x: false,
        y: false,
        drag: { x: false, y: true, setScale: false }
      },
      scales: {
        x: { time: true, auto: false },
        // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- see above
        y: { distr: logarithmic, auto: false, min: 1, max: 1000 }
      },
      axes: [
        {
          ...axis,
          size: 18,
          gap: 2,
          grid: { show: false },
          space: 90,
          // One at the very edge would be cut, or stand in the other axis.
          values: (u, at) => at.map((t) => (nearEdge(u, t) ? '' : clock(t)))
        },
        {
          ...axis,
          size: 52,
          gap: 4,
          grid,
          splits: () => decades(data.current.range),
          values: (_, at) =>
            at.map((ms) =>
              ms >= 1000 ? `${ms / 1000} s` : ms < 1 ? `${ms * 1000} µs` : `${ms} ms`
            ),
          filter: (_, splits) => splits
        }
      ],
      series: [{}, { show: true, paths: () => null, points: { show: false } }],
      hooks: {
        draw: [(u) => drawAll(u, data.current, token)],
        setSelect: [
          (u) => {
            const { top, height: high } = u.select
            if (high < 5) return
            const [to, from] = [u.posToVal(top, 'y'), u.posToVal(top + high, 'y')]
            u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
            onRange(bound(from), bound(to))
          }
        ],
        setCursor: [
          (u) => {
            near = nearest(u, data.current)
            showTip(u, label.current, near)
            u.over.style.cursor = near ? 'pointer' : 'crosshair'
          }
        ]
      }
    },
    [
      [0, 1],
      [null, null]
    ],
    element
  )
  let pressed = 0
  plot.over.addEventListener('pointerdown', (event) => {
    pressed = event.clientX
  })
  plot.over.addEventListener('click', (event) => {
    // Less than five pixels is a click, more is a box.
    if (near && Math.abs(event.clientX - pressed) < 5) {
      go({ screen: 'trace', traceId: near.row.traceId, params: {} }, 'push')
    }
  })
  return plot
}

function nearest(u: uPlot, { points }: Plotted): Plotted['points'][number] | undefined {
  const { left, top } = u.cursor
  if (left === undefined || top === undefined || left < 0) return undefined
  let best: Plotted['points'][number] | undefined
  let least = 8 * 8
  for (const point of points) {
    const dx = u.valToPos(point.at / 1000, 'x') - left
    if (dx > 8 || dx < -8) continue
    const dy = u.valToPos(point.ms, 'y') - top
    if (dx * dx + dy * dy < least) [best, least] = [point, dx * dx + dy * dy]
  }
  return best
}

function showTip(
  u: uPlot,
  tip: HTMLElement | null,
  point: Plotted['points'][number] | undefined
): void {
  if (!tip) return
  tip.hidden = !point
  if (!point) return
  tip.textContent = `${point.row.method} ${title(point.row)}  ${formatDuration(point.ms)}`
  const x = u.valToPos(point.at / 1000, 'x') + u.over.offsetLeft
  const right = x > u.width / 2
  tip.style.left = right ? 'auto' : `${x + 10}px`
  tip.style.right = right ? `${u.width - x + 10}px` : 'auto'
  tip.style.top = `${Math.max(0, u.valToPos(point.ms, 'y') - 6)}px`
}

function nearEdge(u: uPlot, seconds: number): boolean {
  const x = u.valToPos(seconds, 'x')
  // Not by the element's own width: asking for it makes the browser lay out the page.
  return x < 24 || x > u.bbox.width / devicePixelRatio - 20
}

function decades([low, high]: [number, number]): number[] {
  const found: number[] = []
  for (let ms = 10 ** Math.ceil(Math.log10(low)); ms <= high; ms *= 10) found.push(ms)
  return found
}

function bound(ms: number): string {
  if (ms >= 1000) return `${Number((ms / 1000).toPrecision(2))}s`
  return ms >= 1 ? `${Number(ms.toPrecision(2))}ms` : `${Math.max(1, Math.round(ms * 1000))}us`
}

function clock(seconds: number): string {
  const date = new Date(seconds * 1000)
  const parts =
    zone.peek() === 'utc'
      ? [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
      : [date.getHours(), date.getMinutes(), date.getSeconds()]
  return parts.map((part) => String(part).padStart(2, '0')).join(':')
}
