import type { Severity } from '../base/span-data.ts'
import { activeContext, isSuppressed } from '../context/context.ts'
import { Span } from '../span/span.ts'
import { formatLine } from './format.ts'
import { wrapMethod } from './patch.ts'
import { claim, type Watch, type WatchSetup, watchedElsewhere } from './watch.ts'

// console.trace is missing on purpose: it prints its caller's stack through console.error, where a wrapper of ours would show up as a frame.
const severities: Readonly<Record<string, Severity>> = {
  log: 'info',
  info: 'info',
  warn: 'warn',
  error: 'error',
  debug: 'debug'
}

/**
 * Watches the console: a line that is printed while a span is active becomes a log of that span. What is printed stays what it was; the console
 * prints first.
 */
export function watchConsole(setup: WatchSetup): Watch {
  const release = claim('console')
  if (release === undefined) return watchedElsewhere('console')
  const keep = recorder(setup)
  const undo = Object.entries(severities).map(([name, severity]) =>
    wrapMethod(console, name, (original, self, args) => {
      const result = Reflect.apply(original, self, args)
      keep(severity, args)
      return result
    })
  )
  const on = undo.some((restore) => restore !== undefined)
  return {
    instrumented: {
      name: 'console',
      on,
      how: on ? Object.keys(severities).join(', ') : 'the console object is frozen'
    },
    stop() {
      for (const restore of undo) restore?.()
      release()
    }
  }
}

function recorder(setup: WatchSetup): (severity: Severity, args: readonly unknown[]) => void {
  // What formatting runs (an inspect method of the host, our own report) may print: that line is not recorded, or it would never end.
  let busy = false
  return (severity, args) => {
    if (busy) return
    busy = true
    setup.guard(() => {
      const context = activeContext()
      if (isSuppressed(context)) return
      if (!(context.span instanceof Span) || !context.span.isRecording())
        setup.report.drop('log without an open span')
      else addLog(context.span, severity, args)
    })
    busy = false
  }

  function addLog(span: Span, severity: Severity, args: readonly unknown[]): void {
    // A span that is full takes no more: then nothing is worth formatting.
    if (span.logs.length >= setup.limits.logs) return
    const line = formatLine(args, setup.limits.messageLength, setup.redactor)
    span.addLog(severity === 'error' && isTrace(args, line) ? 'trace' : severity, line)
  }
}

/** What console.trace hands to console.error: one text, `Trace: ...` and stack lines. */
function isTrace(args: readonly unknown[], line: string): boolean {
  return args.length === 1 && typeof args[0] === 'string' && /^Trace\b.*\n {4}at /s.test(line)
}
