import type { DropReason, Report } from './base/report.ts'
import type { Exporting } from './exporting.ts'
import type { Settings } from './options.ts'
import type { TraceStore } from './store/types.ts'
import type {
  Instrumented,
  LibraryStatus,
  RuntimeFigures,
  Status,
  WorkersStatus
} from './wire/status.ts'

interface StatusSetup {
  readonly settings: Pick<Settings, 'service' | 'sample'>
  readonly store: TraceStore
  readonly open: { inFlight(): Iterable<unknown> }
  readonly report: Report
  readonly version: string
  readonly bootId: string
  readonly instrumented: () => readonly Instrumented[]
  readonly libraries: readonly LibraryStatus[]
  readonly runtime: RuntimeFigures | undefined
  readonly exporting?: Pick<Exporting, 'status' | 'tailSampling'>
  readonly workers?: WorkersStatus | undefined
  /** What keeping and reading have cost so far. */
  readonly overheadMs: number
}

/** Losses of spans. The others lose log lines, pages' frames or what was sent on, and are told apart by their reason. */
const spanLosses: ReadonlySet<DropReason> = new Set([
  'span limit of the trace',
  'late span without its trace',
  'record larger than a segment',
  'ingest invalid',
  'segment in progress given up'
])

/** What the process says about itself. Who may see it and how many do is added by whoever serves it. */
export function statusOf({
  settings,
  store,
  open,
  report,
  version,
  bootId,
  instrumented,
  libraries,
  runtime,
  exporting,
  workers,
  overheadMs
}: StatusSetup): Status {
  const { recent, kept } = store.stats
  const tailSampling = exporting?.tailSampling()
  const drops = [...report.drops].map(([reason, count]) => ({ reason, count }))
  return {
    version,
    mode: 'token',
    why: '',
    service: settings.service,
    bootId,
    node: process.version,
    pid: process.pid,
    uptimeMs: Math.round(process.uptime() * 1000),
    ring: {
      capacity: recent.capacity,
      bytes: recent.bytes,
      spans: recent.spans,
      traces: recent.traces,
      evicted: recent.evictedSpans,
      dropped: drops.reduce(
        (sum, { reason, count }) => sum + (spanLosses.has(reason) ? count : 0),
        0
      ),
      oldest: recent.oldestMs
    },
    kept: { capacity: kept.capacity, bytes: kept.bytes, spans: kept.spans, traces: kept.traces },
    drops,
    inFlight: [...open.inFlight()].length,
    instrumented: [...instrumented()],
    libraries: [...libraries],
    exports: exporting?.status() ?? [],
    pages: 0,
    sample: settings.sample,
    ...(tailSampling && { tailSampling }),
    ...(runtime && { runtime }),
    ...(workers && { workers }),
    overheadMs
  }
}
