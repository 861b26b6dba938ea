import { createGuard } from './base/safely.ts'
import type { TraceRecord } from './base/span-data.ts'
import { shown, type ExportProtocol } from './interop/export/address.ts'
import { forCloud } from './interop/export/clouds.ts'
import type { Destination, ExportFormat } from './interop/export/destination.ts'
import { createExporter } from './interop/export/exporter.ts'
import { authorizeBy } from './interop/export/headers.ts'
import type { ExportSettings } from './interop/export/settings.ts'
import { encodeJson } from './interop/otlp/encode.ts'
import { encodeProtobuf } from './interop/otlp/encode-protobuf.ts'
import { rejectedInJson, rejectedInProtobuf } from './interop/otlp/partial-success.ts'
import { TailSampler } from './interop/export/tail/tail-sampler.ts'
import { zipkinParts } from './interop/zipkin/encode.ts'
import type { ExportingSetup } from './exporting.ts'
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
export interface Exporters {
  /** Of how many traces which reason had them leave, or stay; undefined where all of them leave. */
  readonly chosen: TailSampler['counts'] | undefined
  export(record: TraceRecord): void
  status(): ExportStatus[]
  close(): Promise<void>
}

/** What the tail sampling chooses goes to all of them. */
export function createExporters({
  wanted,
  env,
  report,
  tailSampling,
  sample,
  now
}: ExportingSetup): Exporters {
  const tail = tailSampling && new TailSampler({ policies: tailSampling, recorded: sample, now })
  const exporters = wanted.map((settings) => {
    const { credentials } = settings
    const destination = forCloud(destinationOf(settings), { env, report, credentials })
    const exporter = createExporter({ destination, report })
    return { exporter, to: shown(settings.url), protocol: settings.protocol }
  })
  const choose = createGuard('tail sampling', report)
  return {
    chosen: tail?.counts,
    export(record) {
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

function destinationOf({ protocol, headers, ...settings }: ExportSettings): Destination {
  return {
    ...settings,
    ...(typeof headers === 'function'
      ? { headers: {}, authorize: authorizeBy(headers) }
      : { headers }),
    transport: protocol === 'grpc' ? 'grpc' : 'http',
    format: formats[protocol]
  }
}
