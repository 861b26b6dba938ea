import { activeContext, type Context, type ContextSpan } from '../context/context.ts'
import { Span } from '../span/span.ts'
import { endFailed, sqlState } from './pg-client.ts'
import type { WatchSetup } from './watch.ts'

interface Transaction {
  readonly span: Span
  /** The span that began it. */
  readonly parent: ContextSpan | undefined
  /** Its last statement was sent. */
  closing: boolean
}

// The whole text: several statements in one may begin and end a transaction, which then is one query.
const begins = /^\s*(?:BEGIN|START\s+TRANSACTION)\b[^;]*;?\s*$/i
// Not `ROLLBACK TO savepoint`, which goes on with the transaction.
const ends =
  /^\s*(?:COMMIT|END|ABORT|ROLLBACK)(?:\s+(?:WORK|TRANSACTION))?(?:\s+AND\s+NO\s+CHAIN)?\s*;?\s*$/i

/**
 * A span for each transaction of a client, from BEGIN to the answer of COMMIT or ROLLBACK: the time in which it holds its locks and its
 * client. It stands between the span that began it and the queries that this one asks for; queries of spans below keep their parents.
 */
export class Transactions {
  readonly #setup: WatchSetup
  readonly #open = new WeakMap<object, Transaction>()

  constructor(setup: WatchSetup) {
    this.#setup = setup
  }

  /** The context in which a query's span begins; `text` is its statement. */
  contextOf(client: object, text: string): Context {
    const context = activeContext()
    if (begins.test(text)) this.#begin(client, context)
    const open = this.#open.get(client)
    if (open === undefined || open.closing) return context
    if (ends.test(text)) open.closing = true
    return open.parent === context.span ? context.withSpan(open.span) : context
  }

  /** A query has been answered; `result` is what came. */
  answered(client: object, text: string, result: unknown): void {
    const open = this.#open.get(client)
    if (open === undefined || !ends.test(text)) return
    // PostgreSQL answers the COMMIT of a failed transaction with ROLLBACK.
    const command = (result as { command?: unknown } | null | undefined)?.command
    if (command === 'COMMIT' || command === 'ROLLBACK')
      open.span.put('spanlight.transaction', command.toLowerCase())
    this.#end(client)
  }

  /** A query has failed: the transaction goes on, if only to be rolled back, unless the connection broke or it never began. */
  failed(client: object, text: string, error: unknown): void {
    const open = this.#open.get(client)
    if (open === undefined) return
    if (sqlState(error) !== undefined && !begins.test(text) && !ends.test(text)) return
    endFailed(open.span, error)
    this.#open.delete(client)
  }

  #begin(client: object, context: Context): void {
    this.#end(client)
    const span = this.#setup.tracer.start('pg transaction', { named: true }, context)
    if (span instanceof Span) this.#open.set(client, { span, parent: context.span, closing: false })
  }

  #end(client: object): void {
    this.#open.get(client)?.span.end()
    this.#open.delete(client)
  }
}
