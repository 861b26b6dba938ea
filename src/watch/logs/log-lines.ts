import { stripVTControlCharacters } from 'node:util'
import type { Severity } from '../../base/span-data.ts'
import { activeContext, isSuppressed } from '../../context/context.ts'
import type { AttributesInput } from '../../span/input.ts'
import { Span } from '../../span/span.ts'
import type { WatchSetup } from '../watch.ts'

/** A line as it is recorded. */
export interface LogLine {
  readonly severity: Severity
  readonly body: string
  readonly attributes?: AttributesInput | undefined
}

/** What a line is read by. */
export type LinesSetup = Pick<WatchSetup, 'guard' | 'limits' | 'report'>

/**
 * Where the lines of the console and of all loggers meet, so that none is recorded twice: a logger may print through the console, and the host
 * may have led its console into a logger.
 */
export class LogLines {
  /** Lines of loggers so far, recorded or not: when it grew while the console printed, the console's line was a logger's. */
  fromLoggers = 0
  // What reading a line runs (an inspect method of the host) may write lines itself: these are not recorded, or it would never end.
  #busy = false
  #writing = false
  #last = ''

  /** Records a line on the active span; one that no open span takes is counted. `read` is not called for a span that is full. */
  record(setup: LinesSetup, read: (span: Span) => LogLine | undefined): void {
    if (this.#busy) return
    this.#busy = true
    setup.guard(() => {
      const context = activeContext()
      if (isSuppressed(context)) return
      const { span } = context
      if (!(span instanceof Span) || !span.isRecording())
        setup.report.drop('log without an open span')
      else if (span.logs.length < setup.limits.logs) add(span, read(span))
    })
    this.#busy = false
  }

  /** Calls what makes a logger write a line: what the console is told meanwhile is that line. */
  writing<T>(write: () => T): T {
    const before = this.#writing
    this.#writing = true
    try {
      return write()
    } finally {
      this.#writing = before
    }
  }

  /** Notes the text that a logger is about to write. */
  wrote(text: string): void {
    this.#last = text
  }

  /** Whether what the console was told is a logger's line. */
  isOfLogger(args: readonly unknown[]): boolean {
    if (this.#writing) return true
    const [text] = args
    if (args.length !== 1 || typeof text !== 'string' || text === '') return false
    // A logger's line ends with a line break, which the console adds itself.
    return this.#last.length - text.length <= 2 && this.#last.startsWith(text)
  }
}

function add(span: Span, line: LogLine | undefined): void {
  if (line === undefined) return
  // Colours are for terminals.
  const body = line.body.includes('\u001b') ? stripVTControlCharacters(line.body) : line.body
  span.addLog(line.severity, body, line.attributes)
}
