import { batch, computed, signal, type ReadonlySignal, type Signal } from '@preact/signals'
import type { RuntimeActivity } from '../../src/wire/runtime.ts'
import type { TraceColumns } from '../../src/wire/trace.ts'
import { getFound, getRuntime, getTrace, ApiProblem, isAbort } from '../api.ts'
import { go, type How, type Params } from '../route.ts'
import { route } from '../state.ts'
import { bounds } from './activity.ts'
import { createLogView, type LogView } from './log-view.ts'
import { firstFailure } from './path.ts'
import { createModel, type Model } from './model.ts'
import { shifted } from './reasons.ts'
import {
  firstFolding,
  reveal,
  rowKind,
  visibleRows,
  withAncestors,
  type Folding,
  type Rows
} from './rows.ts'
import { clampWindow, type Window } from './scale.ts'

export const tabs = ['timeline', 'table', 'logs', 'cpu'] as const
export type Tab = (typeof tabs)[number]

/** One trace on the screen. What can be linked to is read from the address and written to it; the rest lasts as long as the page. */
export interface View {
  readonly traceId: string
  readonly model: Signal<Model | undefined>
  readonly problem: Signal<ApiProblem | undefined>
  /** What the process was doing meanwhile, in the times of the columns; undefined where nothing is known of it. */
  readonly runtime: Signal<RuntimeActivity | undefined>
  readonly folding: Signal<Folding>
  /** Row of the selected span; -1 for none. */
  readonly selected: Signal<number>
  readonly panelOpen: Signal<boolean>
  readonly window: Signal<Window>
  readonly whole: ReadonlySignal<Window>
  readonly find: Signal<string>
  /** Rows whose name, service, id or attributes hold the text, in order. */
  readonly matches: ReadonlySignal<readonly number[]>
  readonly only: Signal<boolean>
  readonly tab: Signal<Tab>
  readonly logs: LogView
  readonly colour: Signal<'kind' | 'service'>
  /** Pinned on this page; the trace itself says so only when it is read again. */
  readonly pinned: Signal<boolean>
  readonly rows: ReadonlySignal<Rows | undefined>
  load(): Promise<void>
  select(row: number, how?: How): void
  /** Selects what the address names, after the reader went back or forth; '' is what a trace opens on. */
  follow(spanId: string): void
  toggle(row: number): void
  toggleGroup(group: number): void
  setFolding(folding: Folding): void
  setWindow(window: Window): void
  setFind(text: string): void
  setTab(tab: Tab): void
}

const nothing: Folding = { collapsed: new Set(), opened: new Set(), focus: 0 }

export function createView(traceId: string): View {
  const start = route.peek().params
  const model = signal<Model | undefined>(undefined)
  const problem = signal<ApiProblem | undefined>(undefined)
  const runtime = signal<RuntimeActivity | undefined>(undefined)
  const folding = signal(nothing)
  const selected = signal(-1)
  const panelOpen = signal(true)
  const window = signal<Window>({ from: 0, to: 1 })
  const find = signal(start['f'] ?? '')
  const foundBelow = signal<ReadonlySet<string>>(new Set())
  const only = signal(false)
  const tab = signal<Tab>(tabs.find((name) => name === start['tab']) ?? 'timeline')
  const colour = signal<'kind' | 'service'>('kind')
  const pinned = signal(false)
  const whole = computed(() => wholeOf(model.value?.columns))
  const matches = computed(() => findRows(model.value, find.value, foundBelow.value))
  const marked = computed(() =>
    model.value !== undefined && only.value && find.value !== ''
      ? withAncestors(model.value, matches.value)
      : undefined
  )
  const rows = computed(
    () => model.value && visibleRows(model.value, { ...folding.value, only: marked.value })
  )
  let loading: AbortController | undefined
  let searching: AbortController | undefined

  function take(columns: TraceColumns): void {
    const before = model.peek()
    const next = createModel(columns)
    batch(() => {
      model.value = next
      problem.value = undefined
      if (before === undefined) {
        colour.value = columns.services.length > 1 ? 'service' : 'kind'
        folding.value = { ...nothing, collapsed: firstFolding(next) }
        window.value = windowFrom(start['z'], wholeOf(columns))
        const linked = next.rowOf.get(start['s'] ?? '') ?? -1
        selected.value = linked >= 0 ? linked : opensOn(next)
        // What a fold hides stays reachable: the link, or the first error, is unfolded.
        folding.value = reveal(next, folding.peek(), selected.peek())
      } else {
        const wasWhole = isWhole(window.peek(), wholeOf(before.columns))
        folding.value = carry(before, next, folding.peek())
        selected.value = next.rowOf.get(before.columns.spans.id[selected.peek()] ?? '') ?? -1
        window.value = wasWhole ? wholeOf(columns) : clampWindow(window.peek(), wholeOf(columns))
      }
    })
  }

  // After the rows, which are worth seeing without it; an answer that does not come costs the explanations only.
  async function readRuntime(start: number, aborted: AbortSignal): Promise<void> {
    const found = await getRuntime(traceId, aborted).catch(() => undefined)
    if (found !== undefined && !aborted.aborted)
      runtime.value = found.known === 'none' ? undefined : shifted(found, start)
  }

  function show(current: Model, row: number): void {
    batch(() => {
      selected.value = row
      if ((rows.peek()?.position[row] ?? -1) < 0 || isFoldedGroup(rows.peek(), row))
        folding.value = reveal(current, folding.peek(), row)
    })
  }

  return {
    traceId,
    model,
    problem,
    runtime,
    folding,
    selected,
    panelOpen,
    window,
    whole,
    find,
    matches,
    only,
    tab,
    logs: createLogView(),
    colour,
    pinned,
    rows,
    async load() {
      loading?.abort()
      const mine = (loading = new AbortController())
      try {
        const columns = await getTrace(traceId, mine.signal)
        take(columns)
        void readRuntime(columns.start, mine.signal)
      } catch (error) {
        if (isAbort(error)) return
        problem.value = error instanceof ApiProblem ? error : new ApiProblem(0, String(error), '')
      }
    },
    select(row, how = 'replace') {
      const current = model.peek()
      if (current === undefined || row < 0 || row >= current.count) return
      show(current, row)
      write({ s: current.columns.spans.id[row] ?? '' }, how)
    },
    follow(spanId) {
      const current = model.peek()
      if (current === undefined) return
      const row = spanId === '' ? opensOn(current) : (current.rowOf.get(spanId) ?? -1)
      if (row >= 0 && row !== selected.peek()) show(current, row)
    },
    toggle(row) {
      const collapsed = new Set(folding.peek().collapsed)
      if (!collapsed.delete(row)) collapsed.add(row)
      folding.value = { ...folding.peek(), collapsed }
    },
    toggleGroup(group) {
      const opened = new Set(folding.peek().opened)
      if (!opened.delete(group)) opened.add(group)
      folding.value = { ...folding.peek(), opened }
    },
    setFolding: (next) => (folding.value = next),
    setWindow(next) {
      const clamped = clampWindow(next, whole.peek())
      window.value = clamped
      write(
        {
          z: isWhole(clamped, whole.peek())
            ? ''
            : `${Math.floor(clamped.from)}~${Math.ceil(clamped.to)}`
        },
        'replace'
      )
    },
    setFind(text) {
      find.value = text
      foundBelow.value = new Set()
      write({ f: text }, 'replace')
      searching?.abort()
      if (text.length < 2) return
      const mine = (searching = new AbortController())
      void getFound(traceId, text, mine.signal)
        .then((ids) => (foundBelow.value = new Set(ids)))
        // Names are searched here already; attributes are the server's, and its silence costs only them.
        .catch(() => {})
    },
    setTab(next) {
      tab.value = next
      write({ tab: next === 'timeline' ? '' : next }, 'replace')
    }
  }
}

/** The first failure, else the root. */
function opensOn(model: Model): number {
  return Math.max(0, firstFailure(model))
}

function write(params: Params, how: How): void {
  const here = route.peek()
  if (here.screen === 'trace') go({ ...here, params: { ...here.params, ...params } }, how)
}

function wholeOf(columns: TraceColumns | undefined): Window {
  if (columns === undefined) return { from: 0, to: 1 }
  const { from, length } = bounds(columns)
  return { from, to: from + length }
}

function isWhole(window: Window, whole: Window): boolean {
  return window.from <= whole.from && window.to >= whole.to
}

function windowFrom(text: string | undefined, whole: Window): Window {
  const match = /^(-?\d{1,15})~(-?\d{1,15})$/.exec(text ?? '')
  return match === null
    ? whole
    : clampWindow({ from: Number(match[1]), to: Number(match[2]) }, whole)
}

function isFoldedGroup(rows: Rows | undefined, row: number): boolean {
  return rows !== undefined && rows.kind[rows.position[row] ?? 0] === rowKind.group
}

/** Folding is kept by row; when a trace grows, the rows shift and the spans are found again by their ids. */
function carry(before: Model, after: Model, folding: Folding): Folding {
  const collapsed = new Set<number>()
  for (const row of folding.collapsed) {
    const now = after.rowOf.get(before.columns.spans.id[row] ?? '')
    if (now !== undefined) collapsed.add(now)
  }
  const opened = new Set<number>()
  for (const group of folding.opened) {
    const first = after.rowOf.get(before.columns.spans.id[before.groups[group]?.first ?? -1] ?? '')
    const now = first === undefined ? -1 : (after.groupOf[first] ?? -1)
    if (now >= 0) opened.add(now)
  }
  const focus = after.rowOf.get(before.columns.spans.id[folding.focus] ?? '') ?? 0
  return { collapsed, opened, focus }
}

function findRows(
  model: Model | undefined,
  text: string,
  below: ReadonlySet<string>
): readonly number[] {
  if (model === undefined || text === '') return []
  const { names, services, sites, spans } = model.columns
  const wanted = text.toLowerCase()
  const inName = names.map((name) => name.toLowerCase().includes(wanted))
  const inService = services.map((name) => name.toLowerCase().includes(wanted))
  const inSite = sites.lines.map((place) => isFrom(place.toLowerCase(), wanted))
  const rows: number[] = []
  for (let i = 0; i < model.count; i++) {
    const id = spans.id[i] as string
    if (
      inName[spans.name[i] as number] ||
      inService[spans.service[i] as number] ||
      inSite[sites.of[i] ?? -1] ||
      id.startsWith(wanted) ||
      below.has(id)
    )
      rows.push(i)
  }
  return rows
}

/** Line 8 is not line 88. */
function isFrom(place: string, wanted: string): boolean {
  return /:\d+$/.test(wanted) ? place.endsWith(wanted) : place.includes(wanted)
}
