import { h, type VNode } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Summary } from '../../src/wire/summary.ts'
import { formatCount, visible } from '../format.ts'
import { html } from '../html.ts'
import { Icon } from '../icons.ts'
import { traceHref } from '../route.ts'
import { inFlight } from '../state.ts'
import { title } from './row.ts'

/** A request that takes this long is probably hung, in milliseconds. */
const longMs = 10_000
const most = 12

/**
 * Requests that have not ended, the oldest first. The strip is always there and always as high, so nothing below it moves;
 * while the reader points at it, what has ended stays, dimmed, so that a click hits what was aimed at.
 */
export function FlightStrip({ onMore }: { onMore: () => void }): VNode {
  const { rows, total, at } = inFlight.value
  const [now, setNow] = useState(Date.now())
  const [held, setHeld] = useState(false)
  const shown = useRef<readonly Summary[]>(rows)
  if (!held) shown.current = rows.slice(0, most)
  const running = total > 0
  useEffect(() => {
    if (!running) return undefined
    const timer = setInterval(() => setNow(Date.now()), 1_000)
    return () => clearInterval(timer)
  }, [running])
  const still = new Map(rows.map((row) => [row.traceId, row]))
  const passed = Math.max(0, now - at)
  const more = total - Math.min(total, shown.current.length)
  return html`<div class="flight" onPointerEnter=${() => setHeld(true)} onPointerLeave=${() => setHeld(false)}
    onFocusIn=${() => setHeld(true)} onFocusOut=${() => setHeld(false)}>
    <h2>${h(Icon, { name: 'waiting', small: true })} In flight <span class="figure">${formatCount(total)}</span></h2>
    <ul>
      ${shown.current.map((row) => item(row, still.get(row.traceId), passed))}
      ${!running && shown.current.length === 0 && html`<li class="muted none">no request is running</li>`}
    </ul>
    ${more > 0 && html`<button class="plain more" onClick=${onMore}>+${formatCount(more)} more</button>`}
  </div>`
}

function item(row: Summary, current: Summary | undefined, passed: number): VNode {
  // The process says how long a request has been running; only the time since then is this browser's clock.
  const ms = current ? current.duration + passed : row.duration
  const state = !current ? 'ended' : ms >= longMs ? 'long' : ''
  return html`<li key=${row.traceId} class=${state}>
    <a href=${traceHref(row.traceId)}><span class="muted">${visible(row.method)}</span> <span class="clip">${title(row)}</span> <span class="time">${current ? runningTime(ms) : 'ended'}</span></a>
  </li>`
}

/** Whole and tenth seconds: a request in flight has no exact duration, and a digit that flickers says nothing. */
export function runningTime(ms: number): string {
  if (ms < 1_000) return '<1 s'
  if (ms < 60_000) return `${Math.floor(ms / 1000)} s`
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1000)} s`
  return `${Math.floor(ms / 3_600_000)} h ${Math.floor((ms % 3_600_000) / 60_000)} min`
}
