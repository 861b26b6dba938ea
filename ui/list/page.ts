import { h, type ComponentType, type VNode } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { matchSummary } from '../../src/wire/query.ts'
import { formatAge, formatCount, formatMany } from '../format.ts'
import { ExportButton } from '../files/menu-button.ts'
import { html, part } from '../html.ts'
import { Icon } from '../icons.ts'
import { useKeys } from '../keys.ts'
import { go, type How } from '../route.ts'
import {
  announcement,
  ignoredByServer,
  inFlight,
  listCounts,
  listQuery,
  listVersion,
  loading,
  pausedAt,
  route,
  saved,
  showNoise,
  status
} from '../state.ts'
import { preloadTracePage } from '../shell/lazy.ts'
import { Empty } from './empty.ts'
import type { Feed } from './feed.ts'
import { FilterBox } from './filter.ts'
import { FlightStrip } from './flight.ts'
import { Grid, Pill } from './grid.ts'
import { hasTerm, setTerm, toggleTerm } from './query-text.ts'
import { clearMarks, marks } from './marks.ts'
import type { Row } from './rows.ts'
import type { ScatterProps } from './scatter.ts'
import type { SelectionProps } from './selection.ts'

const chips = [
  { text: 'Errors', term: 'is:error' },
  { text: 'Slow', term: 'is:slow' },
  { text: '5xx', term: 'status:5xx' },
  { text: 'In flight', term: 'is:live' }
] as const

/** Said to screen readers at most this often, in milliseconds: a count that is read out at each change drowns all else. */
const announceEveryMs = 10_000

const memory = { scrollTop: 0 }

export function ListPage({ feed }: { feed: Feed }): VNode {
  const current = route.value
  const query = current.screen === 'list' ? (current.params['q'] ?? '') : ''
  const version = listVersion.value
  const counts = listCounts.value
  // The address is the state: a query that came by link, chip or back button reaches the feed here and only here.
  useLayoutEffect(() => {
    listQuery.value = query
    feed.setQuery(query)
  }, [query])
  useEffect(() => {
    document.title = query === '' ? 'Traces · Spanlight' : `${query} · Spanlight`
  }, [query])
  useEffect(preloadTracePage, [])
  useAnnouncements(counts.pending)

  const onQuery = (text: string, how: How): void => {
    go({ screen: 'list', params: { q: text } }, how)
  }
  const pause = (): void => feed.pause(pausedAt.peek() === 0)
  const showNew = (): void => {
    document.querySelector('.traces-grid')?.scrollTo(0, 0)
    feed.showNew()
  }
  useKeys('List', saved.peek() ? [] : [{ keys: ['p'], does: 'pause, go on', run: pause }])
  const running = useRunning(feed, hasTerm(query, 'is:live'))
  const view = running ?? feed.rows.view
  const first = running ? 0 : feed.rows.first
  return html`<section class="list">
    <h1 class="sr-only">Traces</h1>
    <div class="tools">
      ${h(FilterBox, { query, onQuery, seen: () => feed.rows.all.map((row) => row.summary) })}
      <div class="chips">
        ${chips
          .filter(({ term }) => !saved.value || term !== 'is:live')
          .map(
            ({
              text,
              term
            }) => html`<button key=${term} aria-pressed=${hasTerm(query, term) ? 'true' : 'false'}
            onClick=${() => onQuery(toggleTerm(query, term), 'push')}>${text}</button>`
          )}
        ${
          !saved.value &&
          html`<button class="pause" aria-pressed=${pausedAt.value > 0 ? 'true' : 'false'} onClick=${pause} title="Pause the list (p)">
          ${h(Icon, { name: pausedAt.value > 0 ? 'play' : 'pause', small: true })} ${pausedAt.value > 0 ? 'Go on' : 'Pause'}
        </button>
        ${part(ExportButton, { target: { query } })}`
        }
      </div>
    </div>
    ${h(Facts, { feed, query })}
    ${!saved.value && h(FlightStrip, { onMore: () => onQuery(toggleTerm(query, 'is:live'), 'push') })}
    ${h(Chart, {
      rows: feed.rows.view,
      version,
      onRange: (from, to) => onQuery(setTerm(query, 'dur', `${from}..${to}`), 'push')
    })}
    <div class="grid-place">
      ${h(Pill, { pending: running ? 0 : counts.pending, onShow: showNew })}
      ${h(Grid, {
        view,
        first,
        held: feed.held,
        choosable: !saved.value,
        onHold: (on) => feed.hold(on),
        onEnd: () => void feed.older(),
        onShowNew: showNew,
        memory
      })}
      ${marks.value && h(Chosen, { isShown: (traceId) => feed.rows.get(traceId)?.shown === true })}
      ${view.length === 0 && h(Empty, { feed, query, onQuery: (text) => onQuery(text, 'push') })}
    </div>
  </section>`
}

/** One line under the box: what is searched, what was not understood, what is folded away. */
function Facts({ feed, query }: { feed: Feed; query: string }): VNode {
  const { matched, size, noisy } = listCounts.value
  const ignored = [...feed.query.ignored, ...ignoredByServer.value]
  const oldest = status.value?.ring.oldest ?? 0
  const load = loading.value
  const partial = load.state === 'done' && load.searched && !load.searched.complete
  return html`<div class="facts-line">
    <span>${countText(feed, matched, size)}${oldest > 0 && html`<span class="wide">, oldest ${formatAge(Date.now() - oldest)} ago</span>`}</span>
    ${
      noisy > 0 &&
      html`<button class="plain chip" aria-pressed=${showNoise.value ? 'true' : 'false'}
      title="Health checks and static files that went well; press to show or hide them" onClick=${() => {
        showNoise.value = !showNoise.peek()
        feed.refilter()
      }}>${h(Icon, { name: 'hidden', small: true })} <span>${formatCount(noisy)} ${showNoise.value ? 'shown' : 'hidden'}<span class="wide">: health checks, static files</span></span></button>`
    }
    ${partial && html`<span class="warn-text">the search ran out of time</span>`}
    <span class="ignored warn-text clip" role="status">${ignored.length > 0 && query !== '' ? `Ignored: ${ignored.join('; ')}` : ''}</span>
  </div>`
}

/** What was searched: a filter over half of the memory must not look like one over all of it. */
function countText(feed: Feed, matched: number, size: number): string {
  const all = Math.max(size, status.value?.ring.traces ?? 0)
  if (feed.query.needsSpans) {
    return `${formatMany(matched, 'match', 'matches')} in ${formatMany(all, 'trace')}`
  }
  const found = `${formatCount(matched)} of ${formatCount(size)}`
  if (feed.more) return `${found} loaded, ${formatCount(all)} in memory`
  return `${found} in ${saved.value ? 'this file' : 'memory'}`
}

/** Rows of what runs now, the oldest at the top; held still while the reader is at them. */
function useRunning(feed: Feed, wanted: boolean): readonly Row[] | undefined {
  const shown = useRef<readonly Row[]>([])
  if (!wanted) return undefined
  const { rows } = inFlight.value
  if (!feed.held || shown.current.length === 0) {
    const matching = rows.filter((row) => matchSummary(feed.query, row))
    shown.current = matching
      .reverse()
      .map((summary) => ({ summary, verdict: 'yes', shown: true, gone: false, past: false }))
  }
  return shown.current
}

function useAnnouncements(pending: number): void {
  const last = useRef(0)
  useEffect(() => {
    if (pending === 0 || Date.now() - last.current < announceEveryMs) return
    last.current = Date.now()
    announcement.value = formatMany(pending, 'new trace')
  }, [pending])
}

/** The bar of a selection is a chunk of its own: few readers choose by hand. */
function Chosen(props: SelectionProps): VNode | null {
  const [loaded, setLoaded] = useState<{ Selection: ComponentType<SelectionProps> } | undefined>()
  useEffect(() => {
    import('./selection.ts').then(setLoaded, () => {
      clearMarks()
      announcement.value = 'The selection could not be shown'
    })
  }, [])
  return loaded ? part(loaded.Selection, props) : null
}

/** The chart is a chunk of its own, loaded after the list stands; its place is kept. */
function Chart(props: ScatterProps): VNode {
  const [loaded, setLoaded] = useState<{ Scatter: ComponentType<ScatterProps> } | undefined>()
  useEffect(() => {
    // Without its chunk the chart's place stays empty; the list does not need it.
    import('./scatter.ts').then(({ Scatter }) => setLoaded({ Scatter })).catch(() => {})
  }, [])
  return html`<div class="chart">${loaded && h(loaded.Scatter, props)}</div>`
}
