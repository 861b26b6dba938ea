import type { VNode } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { formatMany, zoneName } from '../format.ts'
import { html, part } from '../html.ts'
import { useKeys } from '../keys.ts'
import { go, traceHref } from '../route.ts'
import { activeTrace, announcement, density, pin, slowMs, zone } from '../state.ts'
import { copy } from '../copy.ts'
import type { Row } from './rows.ts'
import { rowId, TraceRow } from './row.ts'
import { revealed, windowOf, type Shape } from './scale.ts'

export interface GridProps {
  /** Oldest first; the last one is drawn at the top. */
  view: readonly Row[]
  /** Ordinal of `view[0]`. */
  first: number
  held: boolean
  /** Called when the reader comes to the rows or leaves them. */
  onHold: (on: boolean) => void
  /** The reader is near the end. */
  onEnd: () => void
  onShowNew: () => void
  /** Scroll position to begin with, and where it is kept. */
  memory: { scrollTop: number }
}

const headingHeight = 28

export function Grid(props: GridProps): VNode {
  const { view, first, held } = props
  const element = useRef<HTMLDivElement>(null)
  const [box, setBox] = useState({ scrollTop: props.memory.scrollTop, height: 600 })
  // Read from the style, so that one place says how high a row is.
  const row = rowHeight(density.value)
  const count = view.length
  const shape: Shape = { row, count, height: box.height - headingHeight, scrollTop: box.scrollTop }
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
  const step = (by: number): void => {
    const place = placeOf(activeTrace.peek())
    const { scrollTop, row: high } = latest.current.shape
    activate(place < 0 ? Math.ceil(scrollTop / high) : place + by)
  }
  // The first key only comes to the rows, where the focus chooses one; the next ones move.
  const focusAnd = (run: () => void) => (): void => {
    const chosen = activeTrace.peek() !== ''
    element.current?.focus({ preventScroll: true })
    if (chosen) run()
    else if (activeTrace.peek() === '') step(0)
  }
  const page = (): number => Math.max(1, Math.floor(latest.current.shape.height / row) - 1)
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const moves: Record<string, () => void> = {
      ArrowDown: () => step(1),
      ArrowUp: () => step(-1),
      PageDown: () => step(page()),
      PageUp: () => step(-page()),
      Home: () => activate(0),
      End: () => activate(latest.current.props.view.length - 1),
      Enter: () => open(activeTrace.peek(), event.shiftKey),
      Escape: () => {
        activeTrace.value = ''
        element.current?.blur()
      }
    }
    const move = moves[event.key]
    if (!move) return
    event.preventDefault()
    move()
  }
  useKeys('Traces', [
    {
      keys: ['j', 'k'],
      shown: ['↓', '↑', 'j', 'k'],
      does: 'next, previous trace',
      run: ({ key }) => focusAnd(() => step(key === 'j' ? 1 : -1))()
    },
    { keys: ['PageDown', 'PageUp'], shown: ['PgDn', 'PgUp'], does: 'by a page' },
    { keys: ['Home', 'End'], does: 'to the newest, the oldest' },
    { keys: ['Enter'], does: 'open the trace' },
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
        past: one.past || one.gone,
        slow: one.summary.duration >= slowMs.value,
        index: held ? place + 2 : undefined
      })
    )
  }
  const services = useServices(view)
  return html`<div class=${services ? 'traces-grid' : 'traces-grid one-service'} role="grid" tabindex="0" ref=${element} aria-label="Traces, newest first"
    aria-rowcount=${count + 1} aria-activedescendant=${mounted ? rowId(first + count - 1 - activePlace) : undefined}
    onScroll=${measure} onKeyDown=${onKeyDown} onClick=${onClick} onAuxClick=${onClick}
    onFocus=${(event: FocusEvent) => event.target === element.current && activePlace < 0 && keyboardFocus(event.target as HTMLElement) && step(0)}>
    ${heading()}
    <div role="rowgroup" class="rows" style=${`height:${count * row}px`}>
      <div role="presentation" style=${`transform:translateY(${(first + count) * row}px)`}>${rows}</div>
    </div>
  </div>`
}

/** Whether more than one service was seen: in a program that is one service, its name on every row says nothing. */
function useServices(view: readonly Row[]): boolean {
  const several = useRef(false)
  const home = view[0]?.summary.service
  several.current ||= view.some(
    ({ summary }) => summary.services.length > 1 || summary.service !== home
  )
  return several.current
}

function heading(): VNode {
  return html`<div role="row" class="heading">
    <span role="columnheader" class="c-time" title="When the request began; rows stand in the order in which they ended">Time <span class="muted">${zoneName(zone.value)}</span></span>
    <span role="columnheader" class="c-status">Status</span>
    <span role="columnheader" class="c-method">Method</span>
    <span role="columnheader" class="c-route">Route</span>
    <span role="columnheader" class="c-services">Services</span>
    <span role="columnheader" class="c-dur">Duration</span>
    <span role="columnheader" class="c-bar"><span class="sr-only">Duration as a bar, logarithmic</span><span class="ticks" aria-hidden="true"><i>1 ms</i><i>10</i><i>100</i><i>1 s</i><i>10</i></span></span>
    <span role="columnheader" class="c-spans">Spans</span>
    <span role="columnheader" class="c-db">DB</span>
    <span role="columnheader" class="c-errors">Errors</span>
  </div>`
}

/** Pointer over the rows, focus in them, away from the top, or text selected: the list must not move. */
function useHold(element: { current: HTMLElement | null }, onHold: (on: boolean) => void): void {
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
