import type { Context, ContextSpan } from '../../context/context.ts'
import { Span } from '../../span/span.ts'
import { failSpan } from './database.ts'
import type { WatchSetup } from '../watch.ts'

interface Transaction {
  readonly span: Span
  /** The span that began it. */
  readonly parent: ContextSpan | undefined
  /** Its end was asked for. */
  closing: boolean
}

/**
 * A span for each transaction, from its begin to the answer of its end: the time in which it holds its locks and its connection. It stands between
 * the span that began it and the calls that this one makes; calls of spans below keep their parents. A transaction is known by the object it
 * belongs to: a client, a session.
 */
export class Transactions {
  readonly #setup: WatchSetup
  readonly #name: string
  readonly #open = new WeakMap<object, Transaction>()

  constructor(setup: WatchSetup, name: string) {
    this.#setup = setup
    this.#name = name
  }

  begin(owner: object, context: Context): void {
    this.end(owner)
    const span = this.#setup.tracer.start(this.#name, { named: true }, context)
    if (!(span instanceof Span)) return
    this.#open.set(owner, { span, parent: context.span, closing: false })
  }

  /** The context in which the span of a call begins; `last` says that the call is what ends the transaction. */
  contextOf(owner: object, context: Context, last: boolean): Context {
    const open = this.#open.get(owner)
    if (open === undefined || open.closing) return context
    if (last) open.closing = true
    return open.parent === context.span ? context.withSpan(open.span) : context
  }

  end(owner: object, outcome?: 'commit' | 'rollback'): void {
    const open = this.#open.get(owner)
    if (open === undefined) return
    if (outcome !== undefined) open.span.put('spanlight.transaction', outcome)
    open.span.end()
    this.#open.delete(owner)
  }

  fail(owner: object, error: unknown, status: string | undefined): void {
    const open = this.#open.get(owner)
    if (open === undefined) return
    failSpan(open.span, error, status)
    this.#open.delete(owner)
  }
}
