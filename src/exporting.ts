import type { Report } from './base/report.ts'
import type { TraceRecord } from './base/span-data.ts'
import { forCloud } from './interop/export/clouds.ts'
import type { Destination, ExportFormat } from './interop/export/destination.ts'
import { exporterFromEnvironment } from './interop/export/environment.ts'
import { createExporter } from './interop/export/exporter.ts'
import { encodeJson } from './interop/otlp/encode.ts'
import { rejectedInJson } from './interop/otlp/partial-success.ts'
import type { Settings } from './options.ts'

const otlpJson: ExportFormat = {
  contentType: 'application/json',
  body: encodeJson,
  rejected: rejectedInJson
}

/** All destinations that spans are sent to; each has a queue and troubles of its own. */
export interface Exporting {
  export(record: TraceRecord): void
  close(): Promise<void>
}

/** Where the option says, else where OpenTelemetry's variables say. */
export function destinationsOf(
  option: Settings['export'],
  env: NodeJS.ProcessEnv,
  report: Report
): readonly Destination[] {
  const wanted = option ?? exporterFromEnvironment(env, report)
  if (wanted === undefined || wanted === false) return []
  const destinations: Destination[] = [
    { transport: 'http', format: otlpJson, timeoutMs: 10_000, compression: 'gzip', ...wanted }
  ]
  return destinations.map((destination) => forCloud(destination, { env, report }))
}

export function createExporting(destinations: readonly Destination[], report: Report): Exporting {
  const exporters = destinations.map((destination) => createExporter({ destination, report }))
  return {
    export(record) {
      for (const exporter of exporters) exporter.export(record)
    },
    async close() {
      await Promise.all(exporters.map((exporter) => exporter.close()))
    }
  }
}
