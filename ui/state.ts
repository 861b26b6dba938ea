import { computed, effect, signal, type ReadonlySignal, type Signal } from '@preact/signals'
import { defaultSlowMs } from '../src/wire/query.ts'
import type { Hello } from '../src/wire/live.ts'
import type { SavedPage } from '../src/wire/saved.ts'
import type { Status } from '../src/wire/status.ts'
import type { Summary } from '../src/wire/summary.ts'
import { editorNames, type EditorName } from './editor.ts'
import type { Zone } from './format.ts'
import { address, base, parseRoute, type Route } from './route.ts'

/*
 * Every piece of state that more than one component sees. What the reader can link to is not here but in the address:
 * `place` is its mirror. A trace's own state lives with its page.
 */

/** Path and search of the address, as the location provider last reported it. */
export const place: Signal<string> = signal(address())

/** The screen that `place` names. */
export const route: ReadonlySignal<Route> = computed(() => parseRoute(place.value, base))

/** Light or dark, or what the system says; a browser setting. */
export const theme: Signal<'system' | 'light' | 'dark'> = stored(
  'theme',
  ['system', 'light', 'dark'],
  'system'
)

/** The zone that every time on the page is written in; a browser setting. */
export const zone: Signal<Zone> = stored('zone', ['local', 'utc'], 'local')

/** Height of rows; a browser setting. */
export const density: Signal<'compact' | 'normal' | 'roomy'> = stored(
  'density',
  ['compact', 'normal', 'roomy'],
  'normal'
)

/** Whether single letters are shortcuts; WCAG 2.1.4 asks for a switch. */
export const shortcuts: Signal<'on' | 'off'> = stored('shortcuts', ['on', 'off'], 'on')

/** What links to a line of code open; a browser setting. */
export const editor: Signal<EditorName> = stored('editor', editorNames, 'vscode')

/** Pixels of the waterfall's name column; 0 is what suits the window. A browser setting. */
export const nameWidth: Signal<number> = remembered('name-width', 0, (kept) =>
  /^\d{2,4}$/.test(kept) ? Number(kept) : undefined
)

/** Whether the trace draws what the process was doing; a browser setting. A narrow window needs its height for the rows. */
export const runtimeStrip: Signal<'open' | 'closed'> = stored(
  'runtime-strip',
  ['open', 'closed'],
  matchMedia('(width < 760px)').matches ? 'closed' : 'open'
)

/** How the page is connected to the process. */
export const connection: Signal<Connection> = signal({ state: 'connecting' })

export type Connection =
  | { state: 'connecting' }
  | { state: 'open'; by: 'socket' | 'stream' }
  /** The page is a file. */
  | { state: 'saved' }
  /** Lost; tries again at `retryAt` (epoch ms). */
  | { state: 'lost'; retryAt: number }
  /** The process asks for a token that this page does not have. */
  | { state: 'locked'; text: string }

/** What the process said about itself when the page connected. */
export const hello: Signal<Hello | undefined> = signal(undefined)

/** What the page holds, where it is a file and there is no process. */
export const saved: Signal<SavedPage | undefined> = signal(undefined)

/** What `is:slow` means in this process, in milliseconds; the language's own default until the process has said it. */
export const slowMs: ReadonlySignal<number> = computed(
  () => saved.value?.slowMs ?? hello.value?.slowMs ?? defaultSlowMs
)

/** The process was started anew while this page stayed open. */
export const restarted: Signal<boolean> = signal(false)

/** Traces ended per second. */
export const rate: Signal<number> = signal(0)

/** Requests in flight, oldest first, how many there are in all, and when (epoch ms) the process said so. */
export const inFlight: Signal<{ rows: Summary[]; total: number; at: number }> = signal({
  rows: [],
  total: 0,
  at: 0
})

/** Traces that the server skipped because this page read too slowly. */
export const skipped: Signal<number> = signal(0)

/** The last answer of `api/status`. */
export const status: Signal<Status | undefined> = signal(undefined)

/** The reader stopped the list; when, in epoch milliseconds, or 0. */
export const pausedAt: Signal<number> = signal(0)

/** Counts up when the rows of the list changed; at most twice a second. */
export const listVersion: Signal<number> = signal(0)

/** Figures of the list, written with `listVersion`. */
export const listCounts: Signal<ListCounts> = signal({ matched: 0, size: 0, pending: 0, noisy: 0 })

export interface ListCounts {
  /** Traces that pass the filter, without those folded away. */
  matched: number
  /** Traces that the page holds. */
  size: number
  /** Of the matching ones, those that the reader has not been shown yet. */
  pending: number
  /** Matching traces that are noise. */
  noisy: number
}

/** Whether the list shows health checks and static files. */
export const showNoise: Signal<boolean> = signal(false)

/** How loading of traces from the API stands. */
export const loading: Signal<Loading> = signal({ state: 'loading' })

export type Loading =
  | { state: 'loading' }
  | { state: 'done'; searched?: { traces: number; complete: boolean } }
  | { state: 'failed'; text: string; hint: string }

/** Parts of the query that the server did not understand, in words. */
export const ignoredByServer: Signal<readonly string[]> = signal([])

/** The trace that the reader has the keyboard on, kept while a trace is open so that coming back finds it. */
export const activeTrace: Signal<string> = signal('')

/** The traces beside one in the list, as the reader last saw it; for going on without going back. */
export const neighbours: Signal<(traceId: string) => { newer?: Summary; older?: Summary }> = signal(
  () => ({})
)

/** The filter that the list was left with; the way back from a trace leads to it. */
export const listQuery: Signal<string> = signal('')

/** Keeps a trace when newer ones need the room, and marks it in the list; set by the app. Resolves to whether it worked. */
export const pin: Signal<(traceId: string) => Promise<boolean>> = signal(() =>
  Promise.resolve(false)
)

/** The dialog that is open. */
export const dialog: Signal<'' | 'keys' | 'settings' | 'import'> = signal('')

/** Said to screen readers once, by the live region of the shell. */
export const announcement: Signal<string> = signal('')

/** Effective theme, for canvases: they read the tokens again when it changes. */
export const dark: Signal<boolean> = signal(matchMedia('(prefers-color-scheme: dark)').matches)

/** Writes the settings to the document and keeps them. Called once, by the app. */
export function applySettings(): void {
  const system = matchMedia('(prefers-color-scheme: dark)')
  const resolve = (): void => {
    dark.value = theme.value === 'system' ? system.matches : theme.value === 'dark'
  }
  system.addEventListener('change', resolve)
  effect(() => {
    const root = document.documentElement
    if (theme.value === 'system') delete root.dataset['theme']
    else root.dataset['theme'] = theme.value
    resolve()
  })
  effect(() => {
    document.documentElement.dataset['density'] = density.value
  })
}

/** A setting that survives in this browser. Storage may be forbidden: then it lasts as long as the page. */
function stored<T extends string>(name: string, allowed: readonly T[], initial: T): Signal<T> {
  return remembered(name, initial, (kept) => allowed.find((value) => value === kept))
}

/** `read` gives undefined for what is no value of the setting: what is stored may be another version's. */
function remembered<T extends string | number>(
  name: string,
  initial: T,
  read: (kept: string) => T | undefined
): Signal<T> {
  const key = `spanlight.${name}`
  const setting = signal(initial)
  try {
    const kept = localStorage.getItem(key)
    setting.value = (kept === null ? undefined : read(kept)) ?? initial
  } catch {
    return setting
  }
  effect(() => {
    const value = setting.value
    try {
      if (value === initial) localStorage.removeItem(key)
      else localStorage.setItem(key, String(value))
    } catch {
      // Full or forbidden storage costs the memory of a setting, nothing else.
    }
  })
  return setting
}
