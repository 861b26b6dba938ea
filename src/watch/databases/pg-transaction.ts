import type { Context } from '../../context/context.ts'
import { sqlState } from './pg-client.ts'
import type { Transactions } from './transactions.ts'

// The whole text: several statements in one may begin and end a transaction, which then is one query.
const begins = /^\s*(?:BEGIN|START\s+TRANSACTION)\b[^;]*;?\s*$/i
// Not `ROLLBACK TO savepoint`, which goes on with the transaction.
const ends =
  /^\s*(?:COMMIT|END|ABORT|ROLLBACK)(?:\s+(?:WORK|TRANSACTION))?(?:\s+AND\s+NO\s+CHAIN)?\s*;?\s*$/i

/** What a query does to the transaction of its client, which PostgreSQL is told by statements like any other. */
export class PgTransactions {
  readonly #transactions: Transactions

  constructor(transactions: Transactions) {
    this.#transactions = transactions
  }

  /** The context in which a query's span begins; `text` is its statement. */
  contextOf(client: object, text: string, context: Context): Context {
    if (begins.test(text)) this.#transactions.begin(client, context)
    return this.#transactions.contextOf(client, context, ends.test(text))
  }

  /** A query has been answered; `result` is what came. */
  answered(client: object, text: string, result: unknown): void {
    if (!ends.test(text)) return
    // PostgreSQL answers the COMMIT of a failed transaction with ROLLBACK.
    const command = (result as { command?: unknown } | null | undefined)?.command
    const outcome = command === 'COMMIT' ? 'commit' : 'rollback'
    this.#transactions.end(client, typeof command === 'string' ? outcome : undefined)
  }

  /** A query has failed: the transaction goes on, if only to be rolled back, unless the connection broke or it never began. */
  failed(client: object, text: string, error: unknown): void {
    const status = sqlState(error)
    if (status === undefined || begins.test(text) || ends.test(text))
      this.#transactions.fail(client, error, status)
  }
}
