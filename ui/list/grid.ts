import type { VNode } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { formatMany } from '../format.ts'
import { html, part } from '../html.ts'
import { type Key, useKeys } from '../keys.ts'
import { go, traceHref } from '../route.ts'
import { activeTrace, announcement, density, pin, slowMs, zone } from '../state.ts'
import { copy } from '../copy.ts'
import { heading, useServices } from './heading.ts'
import { useHold } from './hold.ts'
import { clearMarks, endRange, extendMarks, marks, toggleMark } from './marks.ts'
import type { Row } from './rows.ts'
import { rowId, TraceRow } from './row.ts'
import { revealed, windowOf, type Shape } from './scale.ts'

export interface GridProps {
  /** Oldest first; the last one is drawn at the top. */
  view: readonly Row[]
  /** Ordinal of `view[0]`. */
  first: number
  held: boolean
  /** Rows can be chosen by hand. */
  choosable: boolean
  /** Called when the reader comes to the rows or leaves them. */
  onHold: (on: boolean) => void
  /** The reader is near the end. */
  onEnd: () => void
  onShowNew: () => void
  /** Scroll position to begin with, and where it is kept. */
  memory: { scrollTop: number }
}

const chooseKeys: readonly Key[] = [
  { keys: [' '], shown: ['Space'], does: 'select it; what is selected can be exported' },
  { keys: [], shown: ['Shift', '↓', '↑'], does: 'select all on the way; with a click, up to there' }
]

const headingHeight = 28
/** What the bar of the selection covers at the end of the rows. */
const barHeight = 52
/** From the left edge of a row, while rows are chosen: what ticks it. */
const tickWidth = 36

export function Grid(props: GridProps): VNode {
  const { view, first, held, choosable } = props
  const element = useRef<HTMLDivElement>(null)
  const [box, setBox] = useState({ scrollTop: props.memory.scrollTop, height: 600 })
  // Read from the style, so that one place says how high a row is.
  const row = rowHeight(density.value)
  const count = view.length
  const chosen = marks.value
  const covered = chosen ? barHeight : 0
  const height = box.height - headingHeight - covered
  const shape: Shape = { row, count, height, scrollTop: box.scrollTop }
  const { from, to } = windowOf(shape)
  const latest = useRef({ props, shape })
  latest.current = { props, shape }

  const measure = (): void => {
    const grid = element.current
    if (!grid) return
    const { scrollTop, clientHeight } = grid
    props.memory.scrollTop = scrollTop
    setBox((old) =>
      old.scrollTop === scrollTop && old.height === clientHeight
        ? old
        : { scrollTop, height: clientHeight }
    )
  }
  useHold(element, (on) => latest.current.props.onHold(on))
  useLayoutEffect(() => {
    const grid = element.current
    if (!grid) return undefined
    grid.scrollTop = props.memory.scrollTop
    // Back from a trace: the focus returns to the row that led there.
    if (activeTrace.peek() !== '' && document.activeElement === document.body) {
      grid.focus({ preventScroll: true })
    }
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(grid)
    return () => observer.disconnect()
  }, [])
  useEffect(() => {
    if (count > 0 && to >= count - 8) props.onEnd()
  }, [to, count])

  const placeOf = (traceId: string): number => {
    const rows = latest.current.props.view
    const at = rows.findLastIndex((one) => one.summary.traceId === traceId)
    return at < 0 ? -1 : rows.length - 1 - at
  }
  const activate = (place: number): void => {
    const { props: current, shape: seen } = latest.current
    const clamped = Math.max(0, Math.min(current.view.length - 1, place))
    const target = current.view[current.view.length - 1 - clamped]
    const grid = element.current
    if (!target || !grid) return
    activeTrace.value = target.summary.traceId
    grid.scrollTop = revealed(clamped, { ...seen, scrollTop: grid.scrollTop })
    measure()
  }
  const moveTo = (place: number): void => {
    endRange()
    activate(place)
  }
  const page = (): number => Math.max(1, Math.floor(latest.current.shape.height / row) - 1)
  /** Where a key leads; undefined for one that moves nothing. */
  const targetOf = (key: string): number | undefined => {
    const { scrollTop, row: high } = latest.current.shape
    const place = placeOf(activeTrace.peek())
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: page(), PageUp: -page() }[key]
    if (by !== undefined) return place < 0 ? Math.ceil(scrollTop / high) : place + by
    return { Home: 0, End: latest.current.props.view.length - 1 }[key]
  }
  const step = (key: 'ArrowDown' | 'ArrowUp'): void => moveTo(targetOf(key) ?? 0)
  // The first key only comes to the rows, where the focus chooses one; the next ones move.
  const focusAnd = (run: () => void) => (): void => {
    const chosen = activeTrace.peek() !== ''
    element.current?.focus({ preventScroll: true })
    if (chosen) run()
    else if (activeTrace.peek() === '') step('ArrowDown')
  }
  /** Ids of the rows between two that can still be read; of the last alone where the first is no longer in the list. */
  const between = (from: string, to: string): string[] => {
    const rows = latest.current.props.view
    const ends = [from, to].map(placeOf).map((place) => (place < 0 ? placeOf(to) : place))
    const [low = 0, high = 0] = ends.sort((a, b) => a - b)
    return rows
      .slice(rows.length - 1 - high, rows.length - low)
      .flatMap((one) => (one.past || one.gone ? [] : one.summary.traceId))
  }
  const extend = (place: number): void => {
    const from = activeTrace.peek()
    activate(place)
    if (from !== '') extendMarks(from, activeTrace.peek(), between)
  }
  const toggle = (traceId: string): void => {
    if (between(traceId, traceId).length > 0 || marks.peek()?.has(traceId)) toggleMark(traceId)
    else announcement.value = 'It can no longer be read'
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const active = activeTrace.peek()
    const to = targetOf(event.key)
    const moves: Record<string, () => void> = {
      ' ': () => choosable && active !== '' && toggle(active),
      Enter: () => open(active, event.shiftKey),
      Escape: () => {
        if (marks.peek()) return clearMarks()
        activeTrace.value = ''
        element.current?.blur()
      }
    }
    const run = moves[event.key]
    if (to !== undefined) (event.shiftKey && choosable ? extend : moveTo)(to)
    else if (run) run()
    else return
    event.preventDefault()
  }
  /** The trace that a click ticks: at the left edge of its row while rows are chosen, and anywhere with Shift. */
  const ticked = (event: MouseEvent): string | undefined => {
    const target =
      event.target instanceof Element && event.target.closest<HTMLElement>('[data-trace]')
    if (!choosable || !target || event.button !== 0) return undefined
    const atEdge = marks.peek() && event.clientX - target.getBoundingClientRect().left < tickWidth
    return event.shiftKey || atEdge ? target.dataset['trace'] : undefined
  }
  const onMouseDown = (event: MouseEvent): void => {
    if (ticked(event) === undefined) return
    // Text would be selected, up to here from where it was last.
    event.preventDefault()
    element.current?.focus({ preventScroll: true })
  }
  const onPress = (event: MouseEvent): void => {
    const traceId = ticked(event)
    if (traceId === undefined) return onClick(event)
    event.preventDefault()
    activeTrace.value = traceId
    if (event.shiftKey) extendMarks(traceId, traceId, between)
    else toggle(traceId)
  }
  useKeys('Traces', [
    {
      keys: ['j', 'k'],
      shown: ['↓', '↑', 'j', 'k'],
      does: 'next, previous trace',
      run: ({ key }) => focusAnd(() => step(key === 'j' ? 'ArrowDown' : 'ArrowUp'))()
    },
    { keys: ['PageDown', 'PageUp'], shown: ['PgDn', 'PgUp'], does: 'by a page' },
    { keys: ['Home', 'End'], does: 'to the newest, the oldest' },
    { keys: ['Enter'], does: 'open the trace' },
    ...(choosable ? chooseKeys : []),
    { keys: ['x'], does: 'pin it', run: () => void pinActive() },
    { keys: ['o'], does: 'open it in a new tab', run: () => open(activeTrace.peek(), true) },
    { keys: ['y'], does: 'copy its link', run: () => void copyLink(activeTrace.peek()) },
    {
      keys: ['.'],
      does: 'show what has arrived',
      run: () => latest.current.props.onShowNew()
    },
    { keys: ['Escape'], shown: ['Esc'], does: 'leave the list' }
  ])

  const activePlace = activeTrace.value === '' ? -1 : placeOf(activeTrace.value)
  const mounted = activePlace >= from && activePlace < to
  const rows: VNode[] = []
  for (let place = from; place < to; place++) {
    const at = count - 1 - place
    const one = view[at]
    if (!one) continue
    const ordinal = first + at
    rows.push(
      part(TraceRow, {
        key: ordinal,
        summary: one.summary,
        ordinal,
        height: row,
        zone: zone.value,
        active: place === activePlace,
        marked: choosable ? chosen?.has(one.summary.traceId) === true : undefined,
        past: one.past || one.gone,
        slow: one.summary.duration >= slowMs.value,
        index: held ? place + 2 : undefined
      })
    )
  }
  const services = useServices(view)
  const classes = `traces-grid${services ? '' : ' one-service'}${chosen ? ' choosing' : ''}`
  return html`<div class=${classes} role="grid" tabindex="0" ref=${element} aria-label="Traces, newest first" aria-multiselectable=${choosable ? 'true' : undefined}
    aria-rowcount=${count + 1} aria-activedescendant=${mounted ? rowId(first + count - 1 - activePlace) : undefined}
    onScroll=${measure} onKeyDown=${onKeyDown} onMouseDown=${onMouseDown} onClick=${onPress} onAuxClick=${onPress}
    onFocus=${(event: FocusEvent) => event.target === element.current && activePlace < 0 && keyboardFocus(event.target as HTMLElement) && step('ArrowDown')}>
    ${heading()}
    <div role="rowgroup" class="rows" style=${`height:${count * row + covered}px`}>
      <div role="presentation" style=${`transform:translateY(${(first + count) * row}px)`}>${rows}</div>
    </div>
  </div>`
}

/** The whole row opens its trace; its link does what links do, and selecting text is not a click. */
function onClick(event: MouseEvent): void {
  const target = event.target
  if (!(target instanceof Element) || event.defaultPrevented) return
  const traceId = target.closest<HTMLElement>('[data-trace]')?.dataset['trace']
  if (!traceId || event.button > 1) return
  activeTrace.value = traceId
  if (target.closest('a') || getSelection()?.isCollapsed === false) return
  open(traceId, event.button === 1 || event.ctrlKey || event.metaKey || event.shiftKey)
}

function open(traceId: string, newTab: boolean): void {
  if (traceId === '') return
  if (newTab) window.open(traceHref(traceId), '_blank', 'noopener')
  else go({ screen: 'trace', traceId, params: {} }, 'push')
}

async function pinActive(): Promise<void> {
  if (activeTrace.peek() !== '') await pin.peek()(activeTrace.peek())
}

async function copyLink(traceId: string): Promise<void> {
  if (traceId === '') return
  const done = await copy(new URL(traceHref(traceId), location.href).href)
  announcement.value = done ? 'Link copied' : 'The link could not be copied'
}

function keyboardFocus(grid: HTMLElement): boolean {
  return grid.matches(':focus-visible')
}

function rowHeight(chosen: 'compact' | 'normal' | 'roomy'): number {
  return { compact: 24, normal: 28, roomy: 36 }[chosen]
}

/** The pill over the rows: what has arrived while the list was held. */
export function Pill({ pending, onShow }: { pending: number; onShow: () => void }): VNode {
  return html`<div class="pill-place">
    ${
      pending > 0 &&
      html`<button class="pill primary" onClick=${onShow} title="Show them (.)">
      ${formatMany(pending, 'new trace')}
    </button>`
    }
  </div>`
}
