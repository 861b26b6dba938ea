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
  /** Counts an exception that was caught by hand, where each request would pay for a closure. */
  readonly failed: (error: unknown) => void
}

const maxErrors = 10
const windowMs = 60_000

export function createGuard(part: string, report: Report): Guard {
  let errors = 0
  let since = 0
  const guard: Switch = Object.assign(
    <T>(fn: () => T): T | undefined => {
      if (!guard.on) return undefined
      try {
        return fn()
      } catch (error) {
        failed(error)
        return undefined
      }
    },
    { on: true, failed }
  )
  function failed(error: unknown): void {
    // What was begun before the part was switched off may still fail: once is said enough.
    if (!guard.on) return
    report.drop('internal error')
    const now = performance.now()
    if (now - since > windowMs) {
      since = now
      errors = 0
    }
    errors++
    report.once(`${part} failed and went on: ${describe(error, report)}`)
    if (errors < maxErrors) return
    guard.on = false
    report.say(
      `${part} is switched off after ${maxErrors} errors within a minute; the server is not affected`
    )
  }
  return guard
}

type Switch = Omit<Guard, 'on'> & { <T>(fn: () => T): T | undefined; on: boolean }

function describe(error: unknown, report: Report): string {
  try {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return report.hide(text.slice(0, 600))
  } catch {
    return 'an error that cannot be shown'
  }
}
