import { SpanKind, StatusCode } from '../base/span-data.ts'
import { activeContext, type Context, isSuppressed } from '../context/context.ts'
import type { Dialect } from '../redact/redactor.ts'
import { readError } from '../span/exception.ts'
import { Span } from '../span/span.ts'
import { summariseSql } from './sql-summary.ts'
import type { WatchSetup } from './watch.ts'

/** One call of a database client, as the library's own watch reads it. */
export interface DatabaseCall {
  /** `db.system.name`: `postgresql`, `mysql`, `redis`. */
  readonly system: string
  readonly dialect: Dialect
  /** The statement's text; the operation and the target are read from it. */
  readonly statement?: string | undefined
  /** Whether the statement's values travel apart from its text. @default false */
  readonly parameterised?: boolean | undefined
  /** For databases without statements: the command. */
  readonly operation?: string | undefined
  /** For databases without statements: the collection. */
  readonly target?: string | undefined
  readonly namespace?: string | undefined
  readonly address?: string | undefined
  readonly port?: number | undefined
  /** The port that goes without saying. */
  readonly defaultPort?: number | undefined
}

/** A call under way. Ends once: what comes later is ignored. */
export interface DatabaseSpan {
  /** The caller's context, for its callbacks. */
  readonly context: Context
  /** Ends the span; `rows` is the number of rows that came back. */
  succeed(rows?: number): void
  /** Ends the span with an error; `status` is the database's own code for it (SQLSTATE). */
  fail(error: unknown, status?: string): void
}

// Text behind this adds nothing to what is kept (4 KiB); a megabyte of inserted rows must not be read for it.
const readFactor = 4

/** Starts the client span of a database call in the active context; undefined when the call is not recorded. */
export function startDatabaseSpan(setup: WatchSetup, call: DatabaseCall): DatabaseSpan | undefined {
  const context = activeContext()
  if (isSuppressed(context)) return undefined
  const limit = setup.limits.statementLength
  const text = call.statement?.slice(0, limit * readFactor)
  const read = text === undefined ? undefined : summariseSql(text.slice(0, limit), call.dialect)
  const operation = call.operation ?? read?.operation ?? ''
  const target = call.target ?? read?.target ?? ''
  const name = read?.summary || [operation, target].filter(Boolean).join(' ') || call.system
  const span = setup.tracer.start(name, { kind: SpanKind.client }, context)
  if (!(span instanceof Span)) return undefined
  span.put('db.system.name', call.system)
  if (call.namespace) span.setAttribute('db.namespace', call.namespace)
  if (operation !== '') span.setAttribute('db.operation.name', operation)
  if (target !== '') span.setAttribute('db.collection.name', target)
  if (read !== undefined && read.summary !== '') span.setAttribute('db.query.summary', read.summary)
  if (text !== undefined) {
    const safe = setup.redactor.statement(text, call.dialect, call.parameterised === true)
    span.put('db.query.text', safe)
  }
  if (call.address) span.setAttribute('server.address', call.address)
  if (call.port !== undefined && call.port !== call.defaultPort) span.put('server.port', call.port)
  return new OpenCall(span, context)
}

class OpenCall implements DatabaseSpan {
  readonly context: Context
  #span: Span | undefined

  constructor(span: Span, context: Context) {
    this.#span = span
    this.context = context
  }

  succeed(rows?: number): void {
    if (rows !== undefined) this.#span?.put('db.response.returned_rows', rows)
    this.#end()
  }

  fail(error: unknown, status?: string): void {
    const span = this.#span
    if (span === undefined) return
    const { type, message, attributes } = readError(error)
    const code = attributes['exception.code'] ?? ''
    if (status !== undefined) span.setAttribute('db.response.status_code', status)
    span.setAttribute('error.type', status ?? (code || type))
    span.setStatus({ code: StatusCode.error, message: message || code })
    this.#end()
  }

  // A connection pool may keep the callback that holds this: the span is let go of.
  #end(): void {
    this.#span?.end()
    this.#span = undefined
  }
}
