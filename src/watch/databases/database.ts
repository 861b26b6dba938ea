import type { Attributes } from '../../base/attributes.ts'
import { SpanKind, StatusCode } from '../../base/span-data.ts'
import { activeContext, type Context, isSuppressed } from '../../context/context.ts'
import { NonRecordingSpan } from '../../context/non-recording.ts'
import type { Dialect } from '../../redact/redactor.ts'
import { readError } from '../../span/exception.ts'
import { Span } from '../../span/span.ts'
import type { SpanOptions } from '../../span/tracer.ts'
import type { WatchSetup } from '../watch.ts'

/** One call of a database client, as the library's own watch reads it. */
export interface DatabaseCall {
  /** `db.system.name`: `postgresql`, `mysql`, `redis`. */
  readonly system: string
  readonly dialect: Dialect
  /** The statement's text; the operation and the target are read from it. */
  readonly statement?: string | undefined
  /** Whether the statement's values travel apart from its text. @default false */
  readonly parameterised?: boolean | undefined
  /** For databases without SQL: the command. */
  readonly operation?: string | undefined
  /** For databases without SQL: the collection. */
  readonly target?: string | undefined
  readonly namespace?: string | undefined
  readonly address?: string | undefined
  readonly port?: number | undefined
  /** The port that goes without saying. */
  readonly defaultPort?: number | undefined
  /** Of a Redis command: its arguments, as far as the client tells them. */
  readonly args?: readonly unknown[] | undefined
  /** How many operations are sent as one; told when there are several. */
  readonly batchSize?: number | undefined
  /** What the span is called when the call is no operation of the database: a connect. */
  readonly name?: string | undefined
  /** When it began, a reading of `performance.now()`. @default now */
  readonly since?: number | undefined
}

/** A call under way. Ends once: what comes later is ignored. */
export interface DatabaseSpan {
  /** The caller's context, for its callbacks. */
  readonly context: Context
  /** The context for what the call itself does, with its span. */
  readonly inside: Context
  /** Sets an attribute whose value is safe to store. */
  put(key: string, value: string | number): void
  /** Ends the span; `rows` is the number of rows that came back. */
  succeed(rows?: number): void
  /** Ends the span with an error; `status` is the database's own code for it (SQLSTATE). */
  fail(error: unknown, status?: string): void
}

/** What the span of a call is born with, already safe to store; it is the same each time the call is made. */
export interface DescribedCall {
  readonly name: string
  readonly attributes: Readonly<Attributes>
}

/** Reads a call. Whoever makes the same one again and again does this once, since it costs more than the span. */
export function describeCall(setup: WatchSetup, call: DatabaseCall): DescribedCall {
  const { limits, redactor, statements } = setup
  const { statement, dialect, parameterised = false } = call
  // Where the operation is told, the statement is no SQL.
  const read =
    statement === undefined || call.operation !== undefined
      ? undefined
      : statements.read(statement, dialect, parameterised)
  const operation = call.operation ?? read?.operation ?? ''
  const target = call.target ?? read?.target ?? ''
  const summary = read?.summary || [operation, target].filter(Boolean).join(' ')
  const attributes: Attributes = ['db.system.name', call.system]
  function add(key: string, value: string | undefined): void {
    const clean = value ? redactor.attribute(key, value) : undefined
    if (clean !== undefined) attributes.push(key, clean)
  }
  add('db.namespace', call.namespace)
  add('db.operation.name', operation)
  add('db.collection.name', target)
  if (statement !== undefined) {
    add('db.query.summary', summary)
    const text = read?.text ?? redactor.statement(statement, dialect, parameterised)
    attributes.push('db.query.text', text)
  } else if (call.args !== undefined) {
    attributes.push('db.query.text', redactor.command(operation, call.args))
  }
  if (call.batchSize !== undefined && call.batchSize > 1)
    attributes.push('db.operation.batch.size', call.batchSize)
  add('server.address', call.address)
  if (call.port !== undefined && call.port !== call.defaultPort)
    attributes.push('server.port', call.port)
  return { name: redactor.text(call.name || summary || call.system, limits.nameLength), attributes }
}

/** Starts the client span of a database call in the active context; undefined when the call is not recorded. */
export function startDatabaseSpan(setup: WatchSetup, call: DatabaseCall): DatabaseSpan | undefined {
  const { span } = activeContext()
  // Where the caller is not recorded, nothing is read.
  if (span instanceof NonRecordingSpan && span.spanContext().isRemote !== true) return undefined
  return startDescribed(setup, describeCall(setup, call), call.since)
}

/** The same for a call that was read before. */
export function startDescribed(
  setup: WatchSetup,
  call: DescribedCall,
  since?: number
): DatabaseSpan | undefined {
  const context = activeContext()
  if (isSuppressed(context)) return undefined
  const options = since === undefined ? callOptions : { ...callOptions, startTime: since }
  const span = setup.tracer.start(call.name, options, context)
  if (!(span instanceof Span)) return undefined
  span.begin([...call.attributes])
  return new OpenCall(span, context)
}

const callOptions: SpanOptions = { kind: SpanKind.client, named: true }

/** Ends a span with an error; `status` is the database's own code for it. */
export function failSpan(span: Span, error: unknown, status: string | undefined): void {
  const { type, message, attributes } = readError(error)
  const code = attributes['exception.code'] ?? ''
  if (status !== undefined) span.setAttribute('db.response.status_code', status)
  span.setAttribute('error.type', status ?? (code || type))
  span.setStatus({ code: StatusCode.error, message: message || code })
  span.end()
}

class OpenCall implements DatabaseSpan {
  readonly context: Context
  #span: Span | undefined

  constructor(span: Span, context: Context) {
    this.#span = span
    this.context = context
  }

  get inside(): Context {
    return this.#span === undefined ? this.context : this.context.withSpan(this.#span)
  }

  put(key: string, value: string | number): void {
    this.#span?.put(key, value)
  }

  succeed(rows?: number): void {
    if (rows !== undefined) this.#span?.put('db.response.returned_rows', rows)
    this.#end()
  }

  fail(error: unknown, status?: string): void {
    const span = this.#span
    if (span === undefined) return
    failSpan(span, error, status)
    this.#span = undefined
  }

  // A connection pool may keep the callback that holds this: the span is let go of.
  #end(): void {
    this.#span?.end()
    this.#span = undefined
  }
}
