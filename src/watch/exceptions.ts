import { StatusCode } from '../base/span-data.ts'
import { activeContext, isSuppressed } from '../context/context.ts'
import { readError } from '../span/exception.ts'
import { Span } from '../span/span.ts'
import { claim, type Watch, type WatchSetup, watchedElsewhere } from './watch.ts'

export interface ExceptionWatchSetup extends WatchSetup {
  /**
   * Called while the exception is still on its way up, mostly the last thing before the process ends; it must be synchronous. The span is the
   * active one, which may have ended; undefined outside any.
   */
  onFatal(error: unknown, origin: string, span: Span | undefined): void
}

/**
 * Watches exceptions that nobody caught. Only by `uncaughtExceptionMonitor`: a listener for `uncaughtException` or `unhandledRejection` would keep
 * the process alive that should die. It fires for unhandled rejections too, as long as Node raises them (the default).
 */
export function watchExceptions(setup: ExceptionWatchSetup): Watch {
  const release = claim('exceptions')
  if (release === undefined) return watchedElsewhere('exceptions')
  const listener = (error: unknown, origin: string): void => {
    const context = activeContext()
    const span = context.span instanceof Span && !isSuppressed(context) ? context.span : undefined
    // Two guards: the callback may save what is known even if the recording failed.
    setup.guard(() => {
      if (span !== undefined) record(span, error)
    })
    setup.guard(() => setup.onFatal(error, origin, span))
  }
  process.on('uncaughtExceptionMonitor', listener)
  return {
    instrumented: { name: 'exceptions', on: true, how: 'uncaughtExceptionMonitor' },
    stop() {
      process.off('uncaughtExceptionMonitor', listener)
      release()
    }
  }
}

/** Whether an exception that nobody caught ends the process: not where the host handles it itself. */
export function endsByException(): boolean {
  return (
    process.listenerCount('uncaughtException') === 0 &&
    !process.hasUncaughtExceptionCaptureCallback()
  )
}

function record(span: Span, error: unknown): void {
  const { type, message } = readError(error)
  span.recordException(error)
  span.setAttribute('error.type', type)
  span.setStatus({ code: StatusCode.error, message })
}
