import { Component, h, type VNode } from 'preact'
import type { Summary } from '../../src/wire/summary.ts'
import {
  formatCount,
  formatDuration,
  formatMany,
  formatTime,
  visible,
  type Zone
} from '../format.ts'
import { html } from '../html.ts'
import { Icon } from '../icons.ts'
import { traceHref } from '../route.ts'
import { isFailed } from './rows.ts'
import { logShare } from './scale.ts'

export interface RowProps {
  summary: Summary
  ordinal: number
  /** Pixels from one row to the next. */
  height: number
  zone: Zone
  active: boolean
  /** Chosen by hand; undefined where rows cannot be chosen. */
  marked: boolean | undefined
  /** It can no longer be opened. */
  past: boolean
  /** It took as long as `is:slow` means. */
  slow: boolean
  /** Place in the grid, counted from 1; absent while the list moves, when it would change for every row at each step. */
  index: number | undefined
}

/** A row draws itself again only when something it shows changed: at 200 traces a second the others are the cost. */
export class TraceRow extends Component<RowProps> {
  override shouldComponentUpdate(next: RowProps): boolean {
    const now = this.props
    return (
      now.summary !== next.summary ||
      now.ordinal !== next.ordinal ||
      now.height !== next.height ||
      now.zone !== next.zone ||
      now.active !== next.active ||
      now.marked !== next.marked ||
      now.past !== next.past ||
      now.slow !== next.slow ||
      now.index !== next.index
    )
  }

  override render(props: RowProps): VNode {
    const { summary, ordinal, height, zone, marked, slow, index } = props
    const failed = isFailed(summary)
    const time = formatTime(summary.start, zone)
    // A row that pushed away everything above it by its own ordinal: it never needs to be placed again.
    return html`<div role="row" id=${rowId(ordinal)} class=${classOf(props, failed)}
      style=${`transform:translateY(${-(ordinal + 1) * height}px)`}
      aria-selected=${marked === undefined ? undefined : String(marked)} aria-rowindex=${index} data-trace=${summary.traceId}>
      <span role="gridcell" class="c-time">${time.slice(0, 8)}<span class="ms">${time.slice(8)}</span></span>
      <span role="gridcell" class=${`c-status s${Math.floor(summary.httpStatus / 100)}`}>${statusText(summary)}</span>
      <span role="gridcell" class="c-method">${visible(summary.method)}</span>
      <span role="rowheader" class="c-route"><a tabindex="-1" class="clip" href=${traceHref(summary.traceId)}>${title(summary)}</a>${tags(summary, slow)}</span>
      <span role="gridcell" class="c-services">${services(summary)}</span>
      <span role="gridcell" class="c-dur">${formatDuration(summary.duration)}</span>
      <span role="gridcell" class="c-bar" aria-hidden="true"><i class="data-mark" style=${`width:${logShare(summary.duration).toFixed(1)}%`}></i></span>
      <span role="gridcell" class="c-spans">${formatCount(summary.spans)}</span>
      <span role="gridcell" class="c-db">${summary.db > 0 ? formatCount(summary.db) : ''}</span>
      <span role="gridcell" class="c-errors">${errors(summary, failed)}</span>
    </div>`
  }
}

export function rowId(ordinal: number): string {
  return `row${ordinal}`
}

function classOf({ summary, active, past }: RowProps, failed: boolean): string {
  return `item${active ? ' active' : ''}${failed ? ' failed' : ''}${past ? ' past' : ''}${summary.noise === '' ? '' : ' noise'}`
}

function statusText(summary: Summary): string {
  if (summary.httpStatus > 0) return String(summary.httpStatus)
  if (summary.inFlight) return '…'
  return summary.status === 'error' ? 'ERR' : '–'
}

/** The route; what has none (a job, another protocol) goes by its name. */
export function title(summary: Summary): string {
  return visible(summary.route || summary.name || summary.traceId)
}

function tags(summary: Summary, slow: boolean): VNode[] {
  const found: VNode[] = []
  if (summary.kept === 'pinned') {
    found.push(
      html`<span class="badge pinned" key="pinned" title="Kept when newer traces need the room">${h(Icon, { name: 'pin', small: true })} pinned</span>`
    )
  }
  if (slow) found.push(html`<span class="badge" key="slow">slow</span>`)
  if (summary.incomplete) {
    found.push(
      html`<span class="badge" key="incomplete" title="The root span has not been seen">incomplete</span>`
    )
  }
  return found
}

const shownServices = 3

/** The service that was called first, then the others by name: they come in in any order. */
function services({ service, services: all }: Summary): VNode {
  const others = all.filter((name) => name !== service).sort()
  const names = [...(all.includes(service) ? [service] : []), ...others].map((name) =>
    visible(name)
  )
  const rest = names.length - shownServices
  return html`<span class="clip" title=${names.join(', ')}>${names.slice(0, shownServices).join(' · ')}${rest > 0 ? ` +${rest}` : ''}</span>`
}

function errors({ errors: count }: Summary, failed: boolean): VNode | null {
  if (!failed) return null
  return html`<span class="count" title=${formatMany(count, 'failed span')}
    >${h(Icon, { name: 'error', small: true, label: 'errors' })} ${formatCount(Math.max(1, count))}</span>`
}
