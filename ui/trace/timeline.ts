import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { VNode } from 'preact'
import { formatDuration } from '../format.ts'
import { html } from '../html.ts'
import { onGridKey } from './grid-keys.ts'
import { Minimap } from './minimap.ts'
import { NameWidth, nameWidthIn } from './name-width.ts'
import { Row, rowId } from './row.ts'
import { usePrinting } from './printing.ts'
import { Bands, RuntimeStrip } from './runtime-strip.ts'
import { place, ticks } from './scale.ts'
import type { View } from './view.ts'

const rowHeight = 24
/** Rows are mounted in chunks, so that scrolling renders every eighth row only. */
const chunk = 8
/** Thirty sheets; nobody wants more, and more takes the browser a minute. */
const mostPrinted = 1000
/** Pixels that a tick's label takes, with air. */
const tickWidth = 64

/** The waterfall: a tree grid of which only the rows in sight are in the document. */
export function Timeline({ view }: { view: View }): VNode | null {
  const scroller = useRef<HTMLDivElement>(null)
  const [range, setRange] = useState({ first: 0, last: 32 })
  const [width, setWidth] = useState(0)
  const model = view.model.value
  const rows = view.rows.value
  const selected = view.selected.value
  const measure = () => {
    const element = scroller.current
    if (element === null) return
    const first = Math.max(0, Math.floor(element.scrollTop / rowHeight / chunk) - 1) * chunk
    const last =
      (Math.ceil((element.scrollTop + element.clientHeight) / rowHeight / chunk) + 1) * chunk
    setRange((old) => (old.first === first && old.last === last ? old : { first, last }))
    setWidth(element.clientWidth)
  }
  useLayoutEffect(measure, [rows])
  useEffect(() => {
    const observer = new ResizeObserver(measure)
    if (scroller.current !== null) observer.observe(scroller.current)
    return () => observer.disconnect()
  }, [])
  // The selected row is brought into sight, whatever selected it; a row that is in sight does not move.
  const position = rows !== undefined && selected >= 0 ? (rows.position[selected] ?? -1) : -1
  useLayoutEffect(() => {
    const element = scroller.current
    if (element === null || position < 0) return
    const top = position * rowHeight
    const visible = element.clientHeight - rowHeight
    if (top < element.scrollTop) element.scrollTop = top
    else if (top > element.scrollTop + visible - rowHeight)
      element.scrollTop = top - visible + rowHeight * 2
  }, [position])

  const printing = usePrinting()

  if (model === undefined || rows === undefined) return null
  const mounted: VNode[] = []
  const { first, last } = printing ? { first: 0, last: mostPrinted } : range
  for (let i = first; i < Math.min(last, rows.length); i++) {
    mounted.push(html`<${Row} key=${i} ...${{ view, model, index: i }} />`)
  }
  const active = position >= range.first && position < range.last ? rowId(position) : undefined
  const columns = nameWidthIn(width)
  const room = width - columns.name - columns.duration
  return html`<div class="timeline" style=${`--name-w:${columns.name}px;--dur-w:${columns.duration}px`}>
    <${Minimap} ...${{ view }} />
    <div
      class="grid"
      role="treegrid"
      tabindex="0"
      aria-label="Spans of the trace"
      aria-rowcount=${rows.length + 1}
      aria-activedescendant=${active}
      onKeyDown=${(event: KeyboardEvent) => onGridKey(event, view, model, rows, pageOf(scroller.current))}
      onWheel=${(event: WheelEvent) => onWheel(event, view)}
    >
      <div class="heads" role="row" aria-rowindex="1">
        <div class="name" role="columnheader">Span</div>
        <div class="dur" role="columnheader">Duration</div>
        <div class="time" role="columnheader" aria-label="Timeline"><${Ticks} ...${{ view, room }} /></div>
      </div>
      <div class="scroller" role="rowgroup" ref=${scroller} onScroll=${measure}>
        <div class="canvas" role="presentation" style=${`height:calc(${printing ? Math.min(rows.length, mostPrinted) : rows.length} * var(--trow))`}>
          <${Lines} ...${{ view, room }} />
          ${mounted}
        </div>
      </div>
    </div>
    <${RuntimeStrip} ...${{ view }} />
    <${NameWidth} ...${{ width }} />
  </div>`
}

function pageOf(element: HTMLElement | null): number {
  return element === null ? 20 : Math.max(1, Math.floor(element.clientHeight / rowHeight) - 1)
}

interface TickProps {
  view: View
  /** Pixels of the time column. */
  room: number
}

const tickCount = (room: number) => Math.min(10, Math.max(1, Math.floor(room / tickWidth)))

function Ticks({ view, room }: TickProps): VNode {
  const window = view.window.value
  return html`<span class="ticks">
    ${ticks(window, tickCount(room)).map((time) => {
      const box = place(window, time, 0)
      if (box === undefined) return false
      // A label that is cut at the edge reads as another figure.
      const fits = (box.x / 100) * room + tickWidth <= room
      return html`<span class="tick" style=${`left:${box.x.toFixed(3)}%`}>${fits && formatDuration(time / 1000)}</span>`
    })}
  </span>`
}

/** Vertical lines behind the bars: the ticks, and where the response was sent when something went on after it. */
function Lines({ view, room }: TickProps): VNode {
  const window = view.window.value
  const columns = view.model.value?.columns
  // Not by the times alone: another service's span may end a hair after the response that it gave.
  const late = columns !== undefined && columns.response >= 0 && view.model.value?.late === true
  const sent = late ? place(window, columns.response, 0) : undefined
  return html`<div class="lines" aria-hidden="true">
    <${Bands} ...${{ view }} />
    ${ticks(window, tickCount(room)).map((time) => html`<span class="line" style=${`left:${place(window, time, 0)?.x.toFixed(3)}%`}></span>`)}
    ${sent && html`<span class=${sent.x > 70 ? 'line sent before' : 'line sent'} style=${`left:${sent.x.toFixed(3)}%`}><span class="tag">response sent</span></span>`}
  </div>`
}

/** Ctrl and the wheel zoom at the pointer; the wheel alone scrolls. */
function onWheel(event: WheelEvent, view: View): void {
  if (!event.ctrlKey && !event.metaKey) return
  const area = (event.currentTarget as HTMLElement)
    .querySelector('.heads .time')
    ?.getBoundingClientRect()
  if (area === undefined) return
  event.preventDefault()
  const window = view.window.peek()
  const share = Math.min(1, Math.max(0, (event.clientX - area.left) / area.width))
  const at = window.from + share * (window.to - window.from)
  const factor = event.deltaY < 0 ? 0.8 : 1.25
  const length = (window.to - window.from) * factor
  view.setWindow({ from: at - share * length, to: at + (1 - share) * length })
}
