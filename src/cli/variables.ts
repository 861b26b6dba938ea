import type { Access } from './access.ts'

/** Lines for a shell that have a program with any OpenTelemetry SDK send its traces here. */
export function exportLines(
  { mode, host: listening, name }: Access,
  port: number,
  ingestToken: string,
  platform: string = process.platform
): string[] {
  // By its number: what resolves localhost to ::1 alone, as Node 17 to 19 do, finds nobody there.
  const host = listening === '127.0.0.1' ? listening : name
  const variables = [
    ['OTEL_EXPORTER_OTLP_ENDPOINT', `http://${host}:${port}`],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'http/protobuf'],
    ['OTEL_SERVICE_NAME', 'my-service'],
    // Percent-encoded, as the specification of OTLP's exporters wants it.
    ...(mode.mode === 'token'
      ? [
          [
            'OTEL_EXPORTER_OTLP_HEADERS',
            `authorization=Bearer%20${encodeURIComponent(ingestToken)}`
          ]
        ]
      : [])
  ]
  return variables.map(([key, value]) =>
    platform === 'win32' ? `$env:${key} = '${value}'` : `export ${key}=${value}`
  )
}

/** As OTEL_EXPORTER_OTLP_HEADERS has it: percent-encoded, by the specification of OTLP's exporters. */
export function bearerHeader(token: string): string {
  return `authorization=Bearer%20${encodeURIComponent(token)}`
}
