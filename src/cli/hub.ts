import { randomUUID } from 'node:crypto'
import { systemClock } from '../base/clock.ts'
import { defaultLimits, type Limits } from '../base/limits.ts'
import { createReport, type Report } from '../base/report.ts'
import type { TraceRecord } from '../base/span-data.ts'
import { fileFormats } from '../file-formats.ts'
import { UnfinishedSegments } from '../interop/xray/unfinished.ts'
import { createImporting, importInto } from '../importing.ts'
import { createReader } from '../query/reader.ts'
import { queryApis } from '../query-apis.ts'
import { Routes } from '../query/routes.ts'
import { createReceiving } from '../receiving.ts'
import { createRedactor } from '../redact/redactor.ts'
import type { ImportFile } from '../serve/import.ts'
import type { Senders } from '../serve/intake.ts'
import type { InspectSetup } from '../serve/inspect-api.ts'
import type { ModeDecision } from '../serve/mode.ts'
import { createServe, type Serve } from '../serve/serve.ts'
import { statusOf } from '../status.ts'
import { createStore } from '../store/store.ts'
import type { TraceStore } from '../store/types.ts'
import { summarise } from '../trace/summary.ts'
import { version } from '../version.ts'
import type { HubStatus } from '../wire/status.ts'
import { Tally } from './tally.ts'
import { bearerHeader } from './variables.ts'

export interface HubSetup {
  readonly mode: ModeDecision
  /** Bytes that traces may take. */
  readonly memory: number
  readonly token: string
  readonly ingestToken: string
  readonly tokenDirectory: string
  readonly allowedHosts: readonly string[]
  readonly limits?: Partial<Limits>
  readonly status: () => HubStatus
}

export interface Hub {
  /** Tells services what they need once local mode has ended; to be called after each request. */
  readonly afterRequest: () => void
  readonly serve: Serve
  /** For what comes by other ways than HTTP. */
  readonly senders: Senders
  readonly importFile: ImportFile
  readonly tally: Tally
  readonly store: TraceStore
  readonly report: Report
}

/** Below which the page is served, as in an application. */
export const mountPath = '/_traces'

// One core reads and keeps some 110,000 spans a second as protobuf and 65,000 as JSON, of ten attributes each: what comes faster would
// only wait in memory, so its senders are told to come again.
const rates = { atOnce: 32, requestsPerSecond: 1000, spansPerSecond: 100_000 }

const now = (): number => systemClock.now()

/** What `createTracing` makes, without everything that records: all that it shows was sent to it. */
export function createHub(setup: HubSetup): Hub {
  const limits = { ...defaultLimits, ...setup.limits }
  const report = createReport(undefined, (text) => redactor.text(text, limits.messageLength))
  const redactor = createRedactor({
    mode: setup.mode.mode === 'local' ? 'local' : 'token',
    limits,
    options: {},
    report
  })
  const store = createStore({ memory: setup.memory, report })
  const routes = new Routes(now)
  let overheadMs = 0
  function keep(record: TraceRecord): void {
    const began = now()
    const summary = summarise(record)
    const slow = routes.observe(summary, began)
    store.add(record, summary.errors > 0 ? 'error' : slow ? 'slow' : '', summary)
    overheadMs += now() - began
  }
  const receiving = {
    redactor,
    limits,
    report,
    redact: (record: TraceRecord) => record,
    now
  }
  const inFlight = new Set<() => void>()
  const segments = new UnfinishedSegments({
    ...receiving,
    keep,
    stored: (traceId) => store.recordsInParts(traceId),
    onChange: () => inFlight.forEach((listener) => listener())
  })
  const reader = createReader({ store, open: nothingOpen, elsewhere: segments, routes, now })
  const receive = createReceiving({
    ...receiving,
    keep,
    xray: (body, own) => segments.receive(body, own)
  })
  const importFile = createImporting({ ...receiving, ...importInto(store) })
  const tally = new Tally()
  const bootId = randomUUID()
  const serve = createServe({
    ...setup,
    reader,
    store: {
      pin: (traceId) => store.pin(traceId),
      clear() {
        segments.clear()
        store.clear()
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
    report,
    version,
    bootId,
    service: 'Hub',
    slowMs: 1000,
    path: mountPath,
    allowedOrigins: [],
    authorize: undefined,
    formats: async () => fileFormats,
    queries: queryApis(reader, now),
    inspect: nothingToInspect,
    onInFlightChange(listener) {
      inFlight.add(listener)
      return () => inFlight.delete(listener)
    },
    ingest: (body, format) => tally.count(body, format, receive(body, format)),
    ingestRates: rates,
    importFile,
    status: async () => ({
      ...statusOf({
        settings: { service: 'Hub', sample: 1 },
        store,
        open: { inFlight: () => segments.ids() },
        report,
        version,
        bootId,
        instrumented: () => [],
        libraries: [],
        runtime: undefined,
        overheadMs
      }),
      hub: setup.status()
    })
  })
  const afterRequest = (): void => {
    if (setup.mode.mode === 'local' && serve.mode !== 'local')
      report.once(
        `services need a token from now on: OTEL_EXPORTER_OTLP_HEADERS=${bearerHeader(setup.ingestToken)}`
      )
  }
  return {
    afterRequest,
    serve,
    senders: serve.senders as Senders,
    importFile,
    tally,
    store,
    report
  }
}

/** Requests of its own are no traces. */
const nothingOpen = {
  get: () => undefined,
  ids: () => [],
  inFlight: () => [],
  snapshots: () => [],
  size: 0
}

const refused = { allowed: false, why: 'a hub has no requests of its own' }

const nothingToInspect: InspectSetup = {
  permit: () => refused,
  state: async () => ({
    bodies: { ...refused, always: false },
    profile: refused,
    wishes: [],
    profiles: []
  }),
  add: () => undefined,
  cancel: () => false,
  profile: async () => undefined
}
