import type { Report } from './base/report.ts'
import { createGuard } from './base/safely.ts'
import type { TraceRecord } from './base/span-data.ts'
import { shown, type ExportProtocol } from './interop/export/address.ts'
import { forCloud } from './interop/export/clouds.ts'
import type { Destination, ExportFormat } from './interop/export/destination.ts'
import { exportsFromEnvironment } from './interop/export/environment.ts'
import { createExporter } from './interop/export/exporter.ts'
import type { ExportSettings } from './interop/export/settings.ts'
import { encodeJson } from './interop/otlp/encode.ts'
import { encodeProtobuf } from './interop/otlp/encode-protobuf.ts'
import { rejectedInJson, rejectedInProtobuf } from './interop/otlp/partial-success.ts'
import type { TailSampler } from './interop/export/tail/tail-sampler.ts'
import { zipkinParts } from './interop/zipkin/encode.ts'
import type { Settings } from './options.ts'
import type { ExportStatus } from './wire/status.ts'

const otlpProtobuf: ExportFormat = {
  contentType: 'application/x-protobuf',
  body: encodeProtobuf,
  rejected: rejectedInProtobuf
}

/** What is written for each protocol. */
const formats: Readonly<Record<ExportProtocol, ExportFormat>> = {
  'http/protobuf': otlpProtobuf,
  'http/json': { contentType: 'application/json', body: encodeJson, rejected: rejectedInJson },
  grpc: otlpProtobuf,
  zipkin: { contentType: 'application/json', body: (records) => [...zipkinParts(records)].join('') }
}

/** All destinations that spans are sent to; each has a queue and troubles of its own. */
export interface Exporting {
  export(record: TraceRecord): void
  status(): ExportStatus[]
  close(): Promise<void>
}

/** Where the option says, else where OpenTelemetry's variables say. */
export function exportsOf(
  option: Settings['export'],
  env: NodeJS.ProcessEnv,
  report: Report
): readonly ExportSettings[] {
  return option ?? exportsFromEnvironment(env, report)
}

/** What `tail` chooses goes to all of them. */
export function createExporting(
  wanted: readonly ExportSettings[],
  env: NodeJS.ProcessEnv,
  report: Report,
  tail?: TailSampler
): Exporting {
  const exporters = wanted.map((settings) => {
    const destination = forCloud(destinationOf(settings), { env, report })
    const exporter = createExporter({ destination, report })
    return { exporter, to: shown(settings.url), protocol: settings.protocol }
  })
  const choose = createGuard('tail sampling', report)
  return {
    export(record) {
      if (exporters.length === 0) return
      const leaving = tail === undefined ? record : choose(() => tail.choose(record))
      if (leaving === undefined) return
      for (const { exporter } of exporters) exporter.export(leaving)
    },
    status: () =>
      exporters.map(({ to, protocol, exporter }) => ({ to, protocol, ...exporter.figures() })),
    async close() {
      await Promise.all(exporters.map(({ exporter }) => exporter.close()))
    }
  }
}

function destinationOf({ protocol, ...settings }: ExportSettings): Destination {
  return {
    ...settings,
    transport: protocol === 'grpc' ? 'grpc' : 'http',
    format: formats[protocol]
  }
}
