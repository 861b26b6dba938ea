import type { Access } from './access.ts'

/** The variables that have a program with any OpenTelemetry SDK send its traces here. */
export function variablesFor({ mode, name }: Access, port: number): string[] {
  // By its number: what resolves localhost to ::1 alone, as Node 17 to 19 do, finds nobody there.
  const host = name === 'localhost' ? '127.0.0.1' : name
  return [
    `OTEL_EXPORTER_OTLP_ENDPOINT=http://${host}:${port}`,
    'OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf',
    'OTEL_SERVICE_NAME=my-service',
    ...(mode.mode === 'token' ? ['OTEL_EXPORTER_OTLP_HEADERS='] : [])
  ]
}

/** The same as one types them, the token included. */
export function exportLines(
  variables: readonly string[],
  ingestToken: string,
  platform: string = process.platform
): string[] {
  return variables.map((variable) => {
    const at = variable.indexOf('=')
    const name = variable.slice(0, at)
    // The headers are written as those of W3C Baggage are: percent-encoded.
    const value =
      variable.slice(at + 1) || `authorization=Bearer%20${encodeURIComponent(ingestToken)}`
    return platform === 'win32' ? `$env:${name} = '${value}'` : `export ${name}=${value}`
  })
}
