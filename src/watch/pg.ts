import { activeContext, bindTo, runIn } from '../context/context.ts'
import { type DatabaseSpan, startDatabaseSpan } from './database.ts'
import { overlayMethod, wrapMethod } from './patch.ts'
import { claimObject, type Watch, type WatchSetup, watchedElsewhere } from './watch.ts'

type Callback = (...args: unknown[]) => unknown

/** What is read of a `pg` module, CommonJS or ESM namespace. */
interface PgModule {
  readonly Client: { readonly prototype: object }
  readonly Pool?: { readonly prototype: object }
}

interface PgClient {
  readonly host?: unknown
  readonly port?: unknown
  readonly database?: unknown
}

/** A query as it was asked for; the parts of `pg.Query`, `Cursor`, `QueryStream` and configuration objects that matter here. */
interface PgQuery {
  readonly text?: unknown
  readonly values?: unknown
  readonly cursor?: PgQuery
  readonly submit?: unknown
  readonly _results?: unknown
  callback?: unknown
}

/**
 * Watches the `pg` module that the user hands over: one client span for each query, from the call to its result.
 * @throws TypeError when the value is not the pg module
 */
export function wrapPg(setup: WatchSetup, module: unknown): Watch {
  const pg = readModule(module)
  if (pg === undefined)
    throw new TypeError("instrument.pg must be the pg module: import pg from 'pg'")
  const release = claimObject(pg.Client.prototype)
  if (release === undefined) return watchedElsewhere('pg')
  const undo = clients(pg).map((client) =>
    wrapMethod(client.prototype, 'query', (original, self, args) =>
      runQuery(setup, original, self as PgClient, args)
    )
  )
  const on = undo[0] !== undefined
  undo.push(wrapConnect(setup, pg))
  return {
    instrumented: { name: 'pg', on, how: on ? 'instrument: { pg }' : 'pg.Client is frozen' },
    stop() {
      for (const restore of undo) restore?.()
      release()
    }
  }
}

function readModule(module: unknown): PgModule | undefined {
  if ((typeof module !== 'object' && typeof module !== 'function') || module === null)
    return undefined
  const inner: unknown = Reflect.get(module, 'default')
  return [inner, module].find((candidate): candidate is PgModule => {
    const client = (candidate as { Client?: { prototype?: { query?: unknown } } } | undefined)
      ?.Client
    return typeof client?.prototype?.query === 'function'
  })
}

// `pg.native` is a getter that loads a module which is mostly not installed: only its own value, once somebody has read it, is looked at.
function clients(pg: PgModule): PgModule['Client'][] {
  const native = Object.getOwnPropertyDescriptor(pg, 'native')?.value as PgModule | null | undefined
  return native && native.Client !== pg.Client ? [pg.Client, native.Client] : [pg.Client]
}

/** A pool hands a free client to whoever waited longest, in the context of whoever gave it back: the waiting callback is bound to its own. */
function wrapConnect(setup: WatchSetup, pg: PgModule): (() => void) | undefined {
  let owner: object | null = pg.Pool?.prototype ?? null
  while (owner !== null && !Object.hasOwn(owner, 'connect'))
    owner = Object.getPrototypeOf(owner) as object | null
  if (owner === null) return undefined
  return wrapMethod(owner, 'connect', (original, self, args) => {
    const [callback, ...rest] = args
    if (typeof callback !== 'function') return Reflect.apply(original, self, args)
    const bound = setup.guard(() => bindTo(activeContext(), callback as Callback)) ?? callback
    return Reflect.apply(original, self, [bound, ...rest])
  })
}

/** The host's call is outside every guard; what it throws is the host's. */
function runQuery(
  setup: WatchSetup,
  original: Callback,
  client: PgClient,
  args: unknown[]
): unknown {
  const run = setup.guard(() => begin(setup, client, args))
  if (run === undefined) return Reflect.apply(original, client, args)
  try {
    const result = Reflect.apply(original, client, run.args)
    return setup.guard(() => run.settle(result)) ?? result
  } catch (error) {
    setup.guard(() => fail(run.call, error))
    throw error
  }
}

interface Run {
  readonly call: DatabaseSpan
  readonly args: unknown[]
  settle(result: unknown): unknown
}

function begin(setup: WatchSetup, client: PgClient, args: unknown[]): Run | undefined {
  const config = args[0] as PgQuery | string | null | undefined
  // pg refuses these with an error of its own.
  if (config === null || config === undefined) return undefined
  const query: PgQuery = typeof config === 'string' ? { text: config } : (config.cursor ?? config)
  const values = Array.isArray(args[1]) ? args[1] : query.values
  const call = startDatabaseSpan(setup, {
    system: 'postgresql',
    dialect: 'postgresql',
    statement: typeof query.text === 'string' ? query.text : undefined,
    parameterised: Array.isArray(values) && values.length > 0,
    namespace: text(client.database),
    address: text(client.host),
    port: Number(client.port) || undefined,
    defaultPort: 5432
  })
  if (call === undefined) return undefined
  if (typeof config === 'object' && typeof config.submit === 'function')
    return submittable(setup, call, config, args)
  return plain(setup, call, config, args)
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** Text or a configuration object, with a callback or for a promise. */
function plain(
  setup: WatchSetup,
  call: DatabaseSpan,
  config: PgQuery | string,
  args: unknown[]
): Run {
  const own = typeof config === 'object' ? config.callback : undefined
  const at = callbackIndex(args) ?? 2
  const callback = args[at] ?? own
  if (typeof callback !== 'function')
    return { call, args, settle: (result) => settlePromise(setup, call, result) }
  const bound = endWith(setup, call, callback as Callback)
  const changed = [...args]
  while (changed.length < at) changed.push(undefined)
  changed[at] = bound
  return {
    call,
    args: changed,
    settle(result) {
      // pg writes the callback into the user's object, which may be used again: there it must find the user's own.
      if (typeof config === 'object' && config.callback === bound) config.callback = callback
      return result
    }
  }
}

function callbackIndex(args: readonly unknown[]): number | undefined {
  if (typeof args[2] === 'function') return 2
  return typeof args[1] === 'function' ? 1 : undefined
}

/** A query that takes its answers itself; pg tells it of the end by these two methods, whatever its kind. */
function submittable(setup: WatchSetup, call: DatabaseSpan, query: PgQuery, args: unknown[]): Run {
  overlayMethod(query, 'handleReadyForQuery', (original, self, given) => {
    setup.guard(() => call.succeed(rowsOf((self as PgQuery)._results)))
    return Reflect.apply(original, self, given)
  })
  overlayMethod(query, 'handleError', (original, self, given) => {
    setup.guard(() => fail(call, given[0]))
    return Reflect.apply(original, self, given)
  })
  const at = callbackIndex(args)
  const changed = [...args]
  if (typeof query.callback === 'function')
    query.callback = bindTo(call.context, query.callback as Callback)
  else if (at !== undefined) changed[at] = bindTo(call.context, args[at] as Callback)
  return { call, args: changed, settle: (result) => result }
}

function endWith(setup: WatchSetup, call: DatabaseSpan, callback: Callback): Callback {
  return new Proxy(callback, {
    apply(target, self: unknown, given: unknown[]) {
      setup.guard(() => settle(call, given[0], given[1]))
      return runIn(call.context, () => Reflect.apply(target, self, given))
    }
  })
}

/** The promise that goes back to the host is the one behind ours: an error that nobody handles must stay unhandled. */
function settlePromise(setup: WatchSetup, call: DatabaseSpan, result: unknown): unknown {
  const promise = result as PromiseLike<unknown> | undefined
  if (typeof promise?.then !== 'function') {
    call.succeed()
    return result
  }
  return promise.then(
    (value) => {
      setup.guard(() => call.succeed(rowsOf(value)))
      return value
    },
    (error: unknown) => {
      setup.guard(() => fail(call, error))
      throw error
    }
  )
}

function settle(call: DatabaseSpan, error: unknown, result: unknown): void {
  if (error) fail(call, error)
  else call.succeed(rowsOf(result))
}

function fail(call: DatabaseSpan, error: unknown): void {
  const code: unknown = (error as { code?: unknown } | null | undefined)?.code
  // SQLSTATE, PostgreSQL appendix A; a connection's error has a system code (ECONNRESET), which is no answer of the database.
  call.fail(error, typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined)
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
