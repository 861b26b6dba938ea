import type { Severity } from '../../base/span-data.ts'

// What the levels of pino, winston (npm, cli, syslog) and their users are called.
const names: Readonly<Record<Severity, readonly string[]>> = {
  trace: ['trace', 'silly', 'finest'],
  debug: ['debug', 'verbose', 'fine'],
  info: ['info', 'notice', 'http', 'data', 'help', 'prompt', 'input', 'success'],
  warn: ['warn', 'warning'],
  error: ['error', 'err'],
  fatal: ['fatal', 'crit', 'critical', 'alert', 'emerg', 'emergency', 'panic']
}

const severities: ReadonlyMap<string, Severity> = new Map(
  Object.entries(names).flatMap(([severity, levels]) =>
    levels.map((level) => [level, severity as Severity] as const)
  )
)

/** The severity of a level: by its name, else by where its number stands on the logger's usual scale. */
export function severityOf(level: string, byNumber: () => Severity): Severity {
  return severities.get(level.toLowerCase()) ?? byNumber()
}

/** pino's scale: 10 is trace, 60 fatal. */
export function onPinoScale(number: number): Severity {
  const steps = ['trace', 'trace', 'debug', 'info', 'warn', 'error'] as const
  return number >= 60 ? 'fatal' : (steps[Math.max(0, Math.floor(number / 10))] ?? 'info')
}

/** winston's scale, where a level is the more verbose the higher its number is: 0 is error, 6 silly. */
export function onNpmScale(number: number): Severity {
  const steps = ['error', 'warn', 'info', 'info', 'debug', 'debug'] as const
  return number < 0 ? 'error' : (steps[Math.floor(number)] ?? (number >= 6 ? 'trace' : 'info'))
}
