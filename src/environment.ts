import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export type Env = Readonly<Record<string, string | undefined>>

/** Says in one line that a variable cannot be used; the process goes on without it. */
export type Warn = (line: string) => void

/** OTEL_SDK_DISABLED, read as OpenTelemetry reads booleans: anything but `true`, in any case, is no. */
export function isDisabled(env: Env): boolean {
  return env['OTEL_SDK_DISABLED']?.trim().toLowerCase() === 'true'
}

/** OTEL_RESOURCE_ATTRIBUTES: `key=value,key=value`, percent-encoded. OpenTelemetry resource SDK, "Specifying resource information". */
export function resourceFrom(env: Env): Map<string, string> {
  const attributes = new Map<string, string>()
  for (const pair of (env['OTEL_RESOURCE_ATTRIBUTES'] ?? '').split(',')) {
    const at = pair.indexOf('=')
    if (at < 1) continue
    try {
      attributes.set(pair.slice(0, at).trim(), decodeURIComponent(pair.slice(at + 1).trim()))
    } catch {
      // A pair with a bad escape is left out; the specification lets a reader drop what it cannot decode.
    }
  }
  return attributes
}

/** The name in package.json of the working directory. */
export function packageName(): string {
  try {
    const { name } = JSON.parse(readFileSync(join(process.cwd(), 'package.json'), 'utf8')) as {
      name?: unknown
    }
    if (typeof name === 'string' && name !== '') return name
  } catch {
    // No package.json here: OpenTelemetry's default name stands.
  }
  return 'unknown_service:node'
}
