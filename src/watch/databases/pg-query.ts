import { activeContext, bindTo, type Context, runIn } from '../../context/context.ts'
import { type DatabaseSpan, startDatabaseSpan } from './database.ts'
import { overlayMethod } from '../patch.ts'
import { defaultPort, placeOf, sqlState } from './pg-client.ts'
import type { PgTransactions } from './pg-transaction.ts'
import { type Callback, followCallback, followPromise } from '../settle.ts'
import type { WatchSetup } from '../watch.ts'

/** A query as it was asked for; the parts of `pg.Query`, `Cursor`, `QueryStream` and configuration objects that matter here. */
interface PgQuery {
  readonly text?: unknown
  readonly values?: unknown
  readonly cursor?: PgQuery
  readonly submit?: unknown
  readonly _results?: unknown
  callback?: unknown
}

/** Runs a query. The host's call is outside every guard; what it throws is the host's. */
export function runQuery(
  setup: WatchSetup,
  transactions: PgTransactions,
  original: Callback,
  client: object,
  args: unknown[]
): unknown {
  const run = setup.guard(() => begin(setup, transactions, client, args))
  if (run === undefined) return Reflect.apply(original, client, args)
  try {
    const result = Reflect.apply(original, client, run.args)
    return setup.guard(() => run.settle(result)) ?? result
  } catch (error) {
    setup.guard(() => run.query.failed(error))
    throw error
  }
}

interface Run {
  readonly query: OpenQuery
  readonly args: unknown[]
  settle(result: unknown): unknown
}

/** A query under way. */
interface OpenQuery {
  /** The caller's, for its callbacks. */
  readonly context: Context
  readonly succeeded: (result: unknown) => void
  readonly failed: (error: unknown) => void
}

function begin(
  setup: WatchSetup,
  transactions: PgTransactions,
  client: object,
  args: unknown[]
): Run | undefined {
  const config = args[0] as PgQuery | string | null | undefined
  // pg refuses these with an error of its own.
  if (config === null || config === undefined) return undefined
  const query: PgQuery = typeof config === 'string' ? { text: config } : (config.cursor ?? config)
  const statement = typeof query.text === 'string' ? query.text : undefined
  const values = Array.isArray(args[1]) ? args[1] : query.values
  const start = (): DatabaseSpan | undefined =>
    startDatabaseSpan(setup, {
      system: 'postgresql',
      dialect: 'postgresql',
      statement,
      parameterised: Array.isArray(values) && values.length > 0,
      ...placeOf(client),
      defaultPort
    })
  const context = activeContext()
  const within = transactions.contextOf(client, statement ?? '', context)
  const call = within === context ? start() : runIn(within, start)
  if (call === undefined) return undefined
  const open: OpenQuery = {
    context,
    succeeded(result) {
      call.succeed(rowsOf(result))
      transactions.answered(client, statement ?? '', result)
    },
    failed(error) {
      call.fail(error, sqlState(error))
      transactions.failed(client, statement ?? '', error)
    }
  }
  if (typeof config === 'object' && typeof config.submit === 'function')
    return submittable(setup, open, config, args)
  return plain(setup, open, config, args)
}

/** Text or a configuration object, with a callback or for a promise. */
function plain(
  setup: WatchSetup,
  query: OpenQuery,
  config: PgQuery | string,
  args: unknown[]
): Run {
  const { succeeded, failed } = query
  const own = typeof config === 'object' ? config.callback : undefined
  const at = callbackIndex(args) ?? 2
  const callback = args[at] ?? own
  if (typeof callback !== 'function')
    return { query, args, settle: (result) => followPromise(setup, result, succeeded, failed) }
  const followed = followCallback(setup, query.context, callback as Callback, ([error, result]) =>
    error ? failed(error) : succeeded(result)
  )
  const changed = [...args]
  while (changed.length < at) changed.push(undefined)
  changed[at] = followed
  return {
    query,
    args: changed,
    settle(result) {
      // pg writes the callback into the user's object, which may be used again: there it must find the user's own.
      if (typeof config === 'object' && config.callback === followed) config.callback = callback
      return result
    }
  }
}

function callbackIndex(args: readonly unknown[]): number | undefined {
  if (typeof args[2] === 'function') return 2
  return typeof args[1] === 'function' ? 1 : undefined
}

/** A query that takes its answers itself; pg tells it of the end by these two methods, whatever its kind. */
function submittable(setup: WatchSetup, query: OpenQuery, config: PgQuery, args: unknown[]): Run {
  overlayMethod(config, 'handleReadyForQuery', (original, self, given) => {
    setup.guard(() => query.succeeded((self as PgQuery)._results))
    return Reflect.apply(original, self, given)
  })
  overlayMethod(config, 'handleError', (original, self, given) => {
    setup.guard(() => query.failed(given[0]))
    return Reflect.apply(original, self, given)
  })
  const at = callbackIndex(args)
  const changed = [...args]
  if (typeof config.callback === 'function')
    config.callback = bindTo(query.context, config.callback as Callback)
  else if (at !== undefined) changed[at] = bindTo(query.context, args[at] as Callback)
  return { query, args: changed, settle: (result) => result }
}

/** Rows that came back, of all results of a text with several statements; undefined when none of them returns rows. */
function rowsOf(result: unknown): number | undefined {
  let rows: number | undefined
  for (const one of Array.isArray(result) ? (result as unknown[]) : [result]) {
    const { fields, rowCount } = (one ?? {}) as { fields?: unknown; rowCount?: unknown }
    if (!Array.isArray(fields) || fields.length === 0 || typeof rowCount !== 'number') continue
    rows = (rows ?? 0) + rowCount
  }
  return rows
}
