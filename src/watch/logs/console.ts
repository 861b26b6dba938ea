import type { Severity } from '../../base/span-data.ts'
import { formatLine } from './format.ts'
import type { LogLine } from './log-lines.ts'
import { wrapMethod } from '../patch.ts'
import { claim, type Watch, type WatchSetup, watchedElsewhere, watchWrapped } from '../watch.ts'

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
  const { lines } = setup
  const undo = Object.entries(severities).map(([name, severity]) =>
    wrapMethod(console, name, (original, self, args) => {
      const before = lines.fromLoggers
      const result = Reflect.apply(original, self, args)
      setup.guard(() => {
        if (lines.fromLoggers === before && !lines.isOfLogger(args))
          lines.record(setup, () => read(setup, severity, args))
      })
      return result
    })
  )
  return watchWrapped({
    name: 'console',
    on: undo.some((restore) => restore !== undefined),
    how: Object.keys(severities).join(', '),
    frozen: 'the console object is frozen',
    undo,
    release
  })
}

function read(setup: WatchSetup, severity: Severity, args: readonly unknown[]): LogLine {
  const body = formatLine(args, setup.limits.messageLength, setup.redactor)
  return { severity: severity === 'error' && isTrace(args, body) ? 'trace' : severity, body }
}

/** What console.trace hands to console.error: one text, `Trace: ...` and stack lines. */
function isTrace(args: readonly unknown[], line: string): boolean {
  return args.length === 1 && typeof args[0] === 'string' && /^Trace\b.*\n {4}at /s.test(line)
}
