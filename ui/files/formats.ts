import type { IconName } from '../icons.ts'

export interface ExportFormat {
  /** As `?format=` has it. */
  readonly name: string
  readonly title: string
  /** What it is for, in one line. */
  readonly use: string
  readonly extension: string
  readonly icon: IconName
}

export const exportFormats: readonly ExportFormat[] = [
  {
    name: 'html',
    title: 'Page',
    use: 'one HTML file that opens without a server',
    extension: 'html',
    icon: 'open'
  },
  {
    name: 'otlp',
    title: 'OTLP JSON',
    use: 'for OpenTelemetry’s tools, and to read it here again',
    extension: 'otlp.json',
    icon: 'download'
  },
  {
    name: 'jaeger',
    title: 'Jaeger JSON',
    use: 'for Jaeger’s search page: JSON File',
    extension: 'jaeger.json',
    icon: 'download'
  },
  {
    name: 'zipkin',
    title: 'Zipkin JSON',
    use: 'for Zipkin’s page: Upload JSON',
    extension: 'zipkin.json',
    icon: 'download'
  },
  {
    name: 'chrome',
    title: 'Chrome trace events',
    use: 'for ui.perfetto.dev and chrome://tracing',
    extension: 'chrome.json',
    icon: 'download'
  }
]
