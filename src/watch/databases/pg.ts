import { get } from '../../span/exception.ts'
import { handedModule } from '../loaded.ts'
import { wrapMethod } from '../patch.ts'
import { runConnect } from './pg-client.ts'
import { wrapPool } from './pg-pool.ts'
import { runQuery } from './pg-query.ts'
import { PgTransactions } from './pg-transaction.ts'
import { Transactions } from './transactions.ts'
import {
  claimObject,
  type Watch,
  type WatchSetup,
  watchedElsewhere,
  watchWrapped
} from '../watch.ts'

/** What is read of a `pg` module, CommonJS or ESM namespace. */
interface PgModule {
  readonly Client: { readonly prototype: object }
  readonly Pool?: { readonly prototype: object }
}

/**
 * Watches the `pg` module that the user hands over: one client span for each query, from the call to its result; one for each wait for a
 * pool, for each connection that is made, and around each transaction.
 * @throws TypeError when the value is not the pg module
 */
export function wrapPg(setup: WatchSetup, module: unknown): Watch {
  const pg = handedModule<PgModule>(
    module,
    ({ Client }) => typeof get(Client?.prototype, 'query') === 'function'
  )
  if (pg === undefined)
    throw new TypeError("instrument.pg must be the pg module: import pg from 'pg'")
  const release = claimObject(pg.Client.prototype)
  if (release === undefined) return watchedElsewhere('pg')
  const transactions = new PgTransactions(new Transactions(setup, 'pg transaction'))
  const undo = clients(pg).flatMap(({ prototype }) => [
    wrapMethod(prototype, 'query', (original, self, args) =>
      runQuery(setup, transactions, original, self as object, args)
    ),
    wrapMethod(prototype, 'connect', (original, self, args) =>
      runConnect(setup, original, self as object, args)
    )
  ])
  if (pg.Pool !== undefined) undo.push(...wrapPool(setup, pg.Pool.prototype))
  return watchWrapped({
    name: 'pg',
    on: undo[0] !== undefined,
    how: 'instrument: { pg }',
    frozen: 'pg.Client is frozen',
    undo,
    release
  })
}

// `pg.native` is a getter that loads a module which is mostly not installed: only its own value, once somebody has read it, is looked at.
function clients(pg: PgModule): PgModule['Client'][] {
  const native = Object.getOwnPropertyDescriptor(pg, 'native')?.value as PgModule | null | undefined
  return native && native.Client !== pg.Client ? [pg.Client, native.Client] : [pg.Client]
}
