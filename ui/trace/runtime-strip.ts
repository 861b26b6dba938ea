import './runtime.css'
import type { VNode } from 'preact'
import type { Block, RuntimeActivity } from '../../src/wire/runtime.ts'
import { formatBytes, formatDuration, formatMany, visible } from '../format.ts'
import { html } from '../html.ts'
import { Icon } from '../icons.ts'
import { runtimeStrip } from '../state.ts'
import { joined } from './critical.ts'
import { ReasonText } from './gap-row.ts'
import { blockText, reasonsOf } from './reasons.ts'
import { laneHeight, laneWidth, range, steps, timeIn } from './runtime-paths.ts'
import { place, type Window } from './scale.ts'
import type { View } from './view.ts'

/** Microseconds; a loop that is less late than this is not late, and is drawn as such. */
const leastDelay = 20_000
const mostReasons = 3
/** Microseconds worth a word. */
const leastTelling = 1000

/** What the process was doing over the trace's time, below the rows and on their axis; nothing where nothing is known. */
export function RuntimeStrip({ view }: { view: View }): VNode | false {
  const activity = view.runtime.value
  if (activity === undefined) return false
  const open = runtimeStrip.value === 'open'
  return html`<section class="runtime" aria-label="What the process was doing">
    <div class="runtime-head">
      <button type="button" class="plain" aria-expanded=${open} onClick=${() => (runtimeStrip.value = open ? 'closed' : 'open')}><${Icon} ...${{ name: open ? 'collapse' : 'expand', small: true } as const} /> Runtime</button>
      <${Reasons} ...${{ activity }} />
    </div>
    ${open && html`<${Lanes} ...${{ activity, window: view.window.value }} />`}
  </section>`
}

function Reasons({ activity }: { activity: RuntimeActivity }): VNode {
  const all = activity.explained === null ? [] : reasonsOf(activity.explained)
  const telling = all.filter(({ telling: tells, time }) => tells && time >= leastTelling)
  if (telling.length === 0)
    return html`<p class="muted">Nothing in this process kept the request waiting.</p>`
  return html`<ul>
    ${telling.slice(0, mostReasons).map((reason) => html`<li><b>${formatDuration(reason.time / 1000)}</b> <${ReasonText} ...${{ reason }} /></li>`)}
  </ul>`
}

interface LaneProps {
  activity: RuntimeActivity
  window: Window
}

function Lanes({ activity, window }: LaneProps): VNode {
  const delay = range(activity, 'delay', window)
  const heap = range(activity, 'heap', window)
  const flying = range(activity, 'inFlight', window)
  const latest = delay === undefined ? '–' : formatDuration(delay.most / 1000)
  const full = heap === undefined ? '–' : formatBytes(heap.most)
  const many = flying === undefined ? '–' : String(flying.most)
  const top = Math.max(leastDelay, delay?.most ?? 0)
  const area = steps(activity, 'delay', window, { bottom: 0, top, closed: true })
  // Of a heap that hardly changes a line at the top would say the same as one that was scaled up; room above and below it says more.
  const air = Math.max(1, (heap?.most ?? 0) * 0.05)
  const heapScale = {
    bottom: (heap?.least ?? 0) - air,
    top: (heap?.most ?? 0) + air,
    closed: false
  }
  const inFlight = { bottom: 0, top: Math.max(1, flying?.most ?? 0), closed: true }
  return html`<div class="lanes" role="img" aria-label=${sentence(activity, window)}>
    <div class="lane">
      <span class="name">Event loop delay <span class="keys"><i class="key block"></i>blocked <i class="key pause"></i>GC</span></span><span class="dur">${latest}</span>
      <span class="time">
        <${Drawing} ...${{ path: area, kind: 'delay-lane' }} />
        ${activity.blocks.map((block) => mark(window, block, blockClass(activity, block), blockText(block)))}
        ${joined(activity.collections, window, (window.to - window.from) / laneWidth).map((pause) => mark(window, pause, 'pause', `garbage collection, ${formatDuration((pause.to - pause.from) / 1000)}`))}
      </span>
    </div>
    <div class="lane">
      <span class="name">Heap</span><span class="dur">${full}</span>
      <span class="time"><${Drawing} ...${{ path: steps(activity, 'heap', window, heapScale), kind: 'heap-lane' }} /></span>
    </div>
    <div class="lane">
      <span class="name">Requests in flight</span><span class="dur">${many}</span>
      <span class="time"><${Drawing} ...${{ path: steps(activity, 'inFlight', window, inFlight), kind: 'flight-lane' }} /></span>
    </div>
  </div>`
}

function Drawing({ path, kind }: { path: string; kind: string }): VNode {
  return html`<svg class=${`data-mark ${kind}`} viewBox=${`0 0 ${laneWidth} ${laneHeight}`} preserveAspectRatio="none"><path d=${path} vector-effect="non-scaling-stroke"></path></svg>`
}

function mark(
  window: Window,
  { from, to }: { from: number; to: number },
  kind: string,
  title: string
): VNode | false {
  const box = to < window.from || from > window.to ? undefined : place(window, from, to - from)
  return (
    box !== undefined &&
    html`<i class=${`data-mark ${kind}`} title=${visible(title)} style=${`left:${box.x.toFixed(3)}%;width:${box.w.toFixed(3)}%`}></i>`
  )
}

function blockClass({ traceId }: RuntimeActivity, { by }: Block): string {
  return by?.traceId === traceId ? 'block own' : 'block'
}

/** Behind the rows, where others kept the event loop: whatever a span shows there, it did not run. */
export function Bands({ view }: { view: View }): VNode | false {
  const activity = view.runtime.value
  if (activity === undefined) return false
  const window = view.window.value
  const others = activity.blocks.filter(({ by }) => by?.traceId !== activity.traceId)
  const drawn = joined(others, window, (window.to - window.from) / laneWidth)
  return html`<span class="bands">${drawn.map((one) => mark(window, one, 'band', ''))}</span>`
}

/** The picture in words. */
function sentence(activity: RuntimeActivity, window: Window): string {
  const delay = range(activity, 'delay', window)
  const heap = range(activity, 'heap', window)
  const flying = range(activity, 'inFlight', window)
  const blocks = timeIn(activity.blocks, window)
  const pauses = timeIn(activity.collections, window)
  if (delay === undefined || heap === undefined || flying === undefined)
    return 'Nothing is known of the part that is shown.'
  return [
    `The event loop was late by ${formatDuration(delay.most / 1000)} at most`,
    `it did not turn in ${formatMany(blocks.count, 'stretch', 'stretches')} of ${formatDuration(blocks.time / 1000)} in all`,
    `the garbage collector paused it ${formatMany(pauses.count, 'time')} for ${formatDuration(pauses.time / 1000)}`,
    `the heap held up to ${formatBytes(heap.most)}`,
    `up to ${formatMany(flying.most, 'request')} in flight.`
  ].join('; ')
}
