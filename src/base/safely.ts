import type { Report } from './report.ts'

/**
 * A guard around everything that the outside calls: listeners, diagnostics channels, timers, hooks. An exception of ours never reaches
 * the host (in an event listener it would end the process). A part that keeps failing is switched off: ten errors within a minute.
 */
export interface Guard {
  /** Runs `fn`; on an exception counts it and gives undefined. */
  <T>(fn: () => T): T | undefined
  /** False once the part was switched off. */
  readonly on: boolean
}

const maxErrors = 10
const windowMs = 60_000

export function createGuard(part: string, report: Report): Guard {
  let errors = 0
  let since = 0
  let on = true
  const guard = <T>(fn: () => T): T | undefined => {
    if (!on) return undefined
    try {
      return fn()
    } catch (error) {
      failed(error)
      return undefined
    }
  }
  function failed(error: unknown): void {
    report.drop('internal error')
    const now = performance.now()
    if (now - since > windowMs) {
      since = now
      errors = 0
    }
    errors++
    report.once(`${part} failed and went on: ${describe(error, report)}`)
    if (errors < maxErrors) return
    on = false
    report.say(
      `${part} is switched off after ${maxErrors} errors within a minute; the server is not affected`
    )
  }
  return Object.defineProperty(guard, 'on', { get: () => on }) as Guard
}

function describe(error: unknown, report: Report): string {
  try {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return report.hide(text.slice(0, 600))
  } catch {
    return 'an error that cannot be shown'
  }
}
