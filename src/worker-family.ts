import { threadId } from 'node:worker_threads'
import type { TraceId } from './base/ids.ts'
import type { Report } from './base/report.ts'
import { createGuard } from './base/safely.ts'
import type { Resource, TraceRecord } from './base/span-data.ts'
import { rootContext, runIn, suppressed } from './context/context.ts'
import type { Settings } from './options.ts'
import type { ProfilesElsewhere } from './inspecting.ts'
import type { InFlightElsewhere } from './query/line.ts'
import type { RuntimeElsewhere } from './query/reader.ts'
import type { Elsewhere, Visa } from './serve/elsewhere.ts'
import type { Serve } from './serve/setup.ts'
import type { RecordFeed, TraceStore } from './store/types.ts'
import type { OpenTraces } from './trace/open-traces.ts'
import { version } from './version.ts'
import type { WorkersStatus } from './wire/status.ts'
import { askedOf, type KnowingParts, knowledgeOf } from './worker-knowledge.ts'
import { belong, type Belonged } from './workers/belonging.ts'
import { apart, Family } from './workers/family.ts'
import type { RecordRow } from './workers/rows.ts'

interface WorkerFamilySetup {
  readonly settings: Settings
  /** Whether there is a page at all. */
  readonly shown: boolean
  readonly env: NodeJS.ProcessEnv
  readonly bootId: string
  readonly store: TraceStore & RecordFeed
  readonly open: Pick<OpenTraces, 'snapshots'>
  readonly parts: () => KnowingParts & { readonly serve: Serve }
  readonly report: Report
  readonly keep: (record: TraceRecord) => void
  /** Something about what is in flight changed, here or elsewhere. */
  readonly inFlight: Set<() => void>
  /** There is a family: from now on the resource tells its workers apart. */
  readonly onJoin: (identify: (resource: Resource) => Resource) => void
}

/** The workers of one application as one: what of them the page, its reader and the status need. */
export interface WorkerFamily {
  readonly elsewhere: Elsewhere
  readonly inFlight: InFlightElsewhere
  readonly runtime: RuntimeElsewhere
  readonly profiles: ProfilesElsewhere
  /** The wishes have changed; `granted` is one that a request of this worker has come for. */
  readonly wishesChanged: (granted?: number) => void
  /** The same for a page that changes what all of them have. */
  readonly store: Pick<TraceStore, 'pin' | 'clear' | 'stats' | 'newest' | 'oldest' | 'subscribe'>
  /** The resource with the worker's process and thread, where there are several. */
  identified(resource: Resource): Resource
  readonly status: WorkersStatus | undefined
  close(): void
}

/** Costs nothing where the process is neither a cluster's worker nor has threads that record. */
export function createWorkerFamily(setup: WorkerFamilySetup): WorkerFamily {
  const { settings, store, open, report, inFlight, env } = setup
  const guard = createGuard('the family of workers', report)
  // Sockets and timers remember the context they were made in, and what they do is not to be recorded.
  const quiet = suppressed(rootContext)
  const run = <T>(fn: () => T): T | undefined => runIn(quiet, () => guard(fn))
  let joined = false
  let family: Family | undefined
  const onInFlightChange = (): void => family?.inFlightChanged()

  function identified(resource: Resource): Resource {
    if (!joined) return resource
    const { service, attributes } = resource
    const own = new Map<string, number>([['process.pid', process.pid]])
    if (threadId > 0) own.set('thread.id', threadId)
    const others: (typeof attributes)[number][] = []
    for (let i = 0; i < attributes.length; i += 2) {
      const [key, value] = [attributes[i] as string, attributes[i + 1]]
      if (!own.has(key) && value !== undefined) others.push(key, value)
    }
    return { service, attributes: [...others, ...[...own].flat()] }
  }

  function join(name: string, waitMs: number): void {
    const { bootId: id, keep } = setup
    joined = true
    setup.onJoin(identified)
    inFlight.add(onInFlightChange)
    family = new Family({
      name,
      waitMs,
      say: (rows) => belonged?.say(rows),
      worker: { id, pid: process.pid, thread: threadId },
      store,
      keep,
      clear: () => store.clear(),
      pin: (traceId) => void store.pin(traceId as TraceId),
      knowledge: knowledgeOf(setup.parts),
      inFlight: () => open.snapshots(),
      onOthersChange: () => inFlight.forEach((listener) => listener()),
      pages: () => setup.parts().serve.pages,
      onTurn: () => setup.parts().serve.turnAway(),
      onRequest: (req, res, visa) => setup.parts().serve.answerFor(req, res, visa as Visa),
      onUpgrade: (req, socket, head, visa) =>
        setup.parts().serve.upgradeFor(req, socket, head, visa as Visa),
      report,
      run
    })
  }

  function tryToJoin(name: string, waitMs: number): void {
    try {
      join(name, waitMs)
    } catch (error) {
      report.once(`${apart}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  let belonged: Belonged | undefined
  if (settings.workers && setup.shown)
    belonged = belong(
      { parts: [settings.path, settings.service, version], env },
      {
        join: (name, waitMs) => runIn(quiet, tryToJoin, name, waitMs),
        hear: (rows) => run(() => family?.hear(rows as RecordRow[]))
      }
    )

  const { runtime, profiles } = askedOf(async (question, of) => family?.ask(question, of) ?? [])

  return {
    elsewhere: {
      request: async (req, res, path, visa) =>
        (await family?.request(req, res, path, visa)) ?? 'not sent',
      upgrade: async (req, socket, head, visa) =>
        (await family?.upgrade(req, socket, head, visa)) ?? false,
      gather: async () => family?.gather(),
      endPages: () => family?.endPages(),
      proxySeen: (sign) => run(() => family?.share({ type: 'proxy', sign }))
    },
    inFlight: {
      of: (traceId) => family?.others.of(traceId) ?? [],
      ids: () => family?.others.ids() ?? []
    },
    runtime,
    profiles,
    wishesChanged: (id) =>
      run(() => family?.share(id === undefined ? undefined : { type: 'granted', id })),
    store: {
      pin(traceId) {
        const found = store.pin(traceId)
        if (found) family?.pin(traceId)
        return found
      },
      clear() {
        store.clear()
        family?.clear()
      },
      subscribe: (listener) => store.subscribe(listener),
      get stats() {
        return store.stats
      },
      get newest() {
        return store.newest
      },
      get oldest() {
        return store.oldest
      }
    },
    identified,
    get status() {
      if (family === undefined) return undefined
      const { role, workers } = family.state
      return { role, workers: workers.map(({ pid, thread }) => ({ pid, thread })) }
    },
    close() {
      belonged?.stop()
      inFlight.delete(onInFlightChange)
      family?.close()
    }
  }
}
