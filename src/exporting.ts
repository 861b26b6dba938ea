import type { Report } from './base/report.ts'
import { createGuard } from './base/safely.ts'
import type { TraceRecord } from './base/span-data.ts'
import type { Exporters } from './exporters.ts'
import { shown } from './interop/export/address.ts'
import { exportsFromEnvironment } from './interop/export/environment.ts'
import type { ExportSettings } from './interop/export/settings.ts'
import type { TailPolicies } from './interop/export/tail/policies.ts'
import type { Settings } from './options.ts'
import type { RecordFeed } from './store/types.ts'
import type { ExportStatus, Status } from './wire/status.ts'

/** Where the option says, else where OpenTelemetry's variables say. */
export function exportsOf(
  option: Settings['export'],
  env: NodeJS.ProcessEnv,
  report: Report
): readonly ExportSettings[] {
  return option ?? exportsFromEnvironment(env, report)
}

export interface ExportingSetup {
  readonly wanted: readonly ExportSettings[]
  readonly tailSampling: TailPolicies | undefined
  /** Share of traces that is recorded at all. */
  readonly sample: number
  readonly store: Pick<RecordFeed, 'recordsAfter'>
  /** Whether a record is one to send: what others sent here is not. */
  readonly leaves: (record: TraceRecord) => boolean
  readonly env: NodeJS.ProcessEnv
  readonly report: Report
  readonly now: () => number
}

/** Sends on what is recorded. */
export interface Exporting {
  /** Takes a record that just ended and is in the store. */
  export(record: TraceRecord): void
  status(): ExportStatus[]
  tailSampling(): Status['tailSampling']
  close(): Promise<void>
}

const nothingYet = { sent: 0, failed: 0, dropped: 0, waiting: 0 }

/**
 * What sends is a tenth of all code, and most processes send nothing: it is loaded where something is to be sent. What ends until then is in the
 * ring, and is read from there.
 */
export function createExporting(setup: ExportingSetup): Exporting {
  const { wanted, tailSampling, store, leaves, report } = setup
  const guard = createGuard('export', report)
  let exporters: Exporters | undefined
  let [lastError, lastErrorAt] = ['', 0]

  async function load(): Promise<void> {
    const { createExporters } = await import('./exporters.ts')
    exporters = createExporters(setup)
    for (const { record } of store.recordsAfter(0, 'own')) take(record)
  }
  function take(record: TraceRecord): void {
    if (exporters !== undefined && leaves(record)) exporters.export(record)
  }
  const loading = wanted.length === 0 ? undefined : load().catch(failed)
  function failed(error: unknown): void {
    guard.failed(error)
    lastError = 'what sends spans could not be loaded'
    lastErrorAt = Date.now()
  }

  return {
    export: take,
    status: () =>
      exporters?.status() ??
      wanted.map(({ url, protocol }) => ({
        to: shown(url),
        protocol,
        ...nothingYet,
        failing: lastError !== '',
        lastError,
        lastErrorAt
      })),
    tailSampling: () =>
      tailSampling &&
      [...(exporters?.chosen ?? [])].map(([reason, traces]) => ({ reason, traces })),
    async close() {
      await loading
      await exporters?.close()
    }
  }
}
