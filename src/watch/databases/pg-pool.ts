import { SpanKind } from '../../base/span-data.ts'
import { activeContext, bindTo, type Context, runIn } from '../../context/context.ts'
import type { Span } from '../../span/span.ts'
import { ownerOf, wrapMethod } from '../patch.ts'
import { placeOf, runWait, startChild } from './pg-client.ts'
import type { Callback } from '../settle.ts'
import { claimObject, type WatchSetup } from '../watch.ts'

/** What is read of a `pg.Pool`: its public counts, and the queue that it hands free clients out by. */
interface PgPool {
  readonly options?: { readonly max?: unknown }
  readonly ending?: unknown
  readonly totalCount?: unknown
  readonly idleCount?: unknown
  readonly waitingCount?: unknown
  readonly _pendingQueue?: readonly object[]
}

/**
 * Watches a pool: whoever finds no free client waits, for one to be given back or for a new connection, and that wait is a span of its own.
 * `pool.query` asks by `pool.connect` like everybody else.
 */
export function wrapPool(setup: WatchSetup, prototype: object): ((() => void) | undefined)[] {
  const owner = ownerOf(prototype, 'connect')
  // Several copies of pg may share one of pg-pool.
  const release = owner && claimObject(owner)
  if (owner === undefined || release === undefined) return []
  const waiting = new WeakMap<object, Context>()
  return [
    release,
    wrapMethod(owner, 'connect', (original, self, args) =>
      runCheckOut(setup, waiting, original, self as PgPool, args)
    ),
    // A waiter can be given a new connection when somebody else's broke: it is made in the context of that other, unless told.
    wrapMethod(owner, 'newClient', (original, self, args) => {
      const context = setup.guard(() => waiting.get(args[0] as object))
      if (context === undefined) return Reflect.apply(original, self, args)
      return runIn(context, () => Reflect.apply(original, self, args))
    })
  ]
}

function runCheckOut(
  setup: WatchSetup,
  waiting: WeakMap<object, Context>,
  original: Callback,
  pool: PgPool,
  args: unknown[]
): unknown {
  const span = setup.guard(() => beginWait(setup, pool))
  if (span === undefined) return Reflect.apply(original, pool, boundToCaller(setup, args))
  const caller = setup.guard(() => callerOf(setup, args)) ?? activeContext()
  return runWait(
    setup,
    { span, args, caller },
    {
      run(given) {
        const context = activeContext().withSpan(span)
        const before = pool.waitingCount
        // A connection that is made for this caller, and what the host does to it when it is new, is part of the wait.
        const result = runIn(context, () => Reflect.apply(original, pool, given))
        setup.guard(() => {
          const last = pool.waitingCount === before ? undefined : pool._pendingQueue?.at(-1)
          if (last !== undefined) waiting.set(last, context)
        })
        return result
      },
      arrived: (client) => setName(span, client)
    }
  )
}

/** A pool hands a free client to whoever waited longest, in the context of whoever gave it back: the waiting callback is bound to its own. */
function boundToCaller(setup: WatchSetup, args: unknown[]): unknown[] {
  const [callback, ...rest] = args
  if (typeof callback !== 'function') return args
  const bound = setup.guard(() => bindTo(callerOf(setup, args), callback as Callback))
  return [bound ?? callback, ...rest]
}

/** `pool.query` asks the database in a callback, where the host's code that called it is no longer to be seen. */
function callerOf({ tracer }: WatchSetup, [callback]: unknown[]): Context {
  const context = activeContext()
  return typeof callback === 'function' ? tracer.withCallSite('pool.connect', context) : context
}

function beginWait(setup: WatchSetup, pool: PgPool): Span | undefined {
  const pending = Number(pool.waitingCount)
  // A free client that nobody is before us for comes at once: there is no wait to tell of.
  if (pool.ending === true || Number(pool.idleCount) > pending) return undefined
  const span = startChild(setup, 'pg pool wait', SpanKind.internal)
  if (span === undefined) return undefined
  span.put('spanlight.wait', 'pool')
  // Names of the conventions' metrics, here as they stood when the wait began.
  put(span, 'db.client.connection.max', pool.options?.max)
  put(span, 'db.client.connection.count', pool.totalCount)
  put(span, 'db.client.connection.pending_requests', pending)
  return span
}

function put(span: Span, key: string, value: unknown): void {
  if (typeof value === 'number') span.put(key, value)
}

/** By the client that was handed out: the pool's own options may be a connection string, password and all. */
function setName(span: Span, client: unknown): void {
  if (typeof client !== 'object' || client === null) return
  const { address, port, namespace } = placeOf(client)
  if (address === undefined) return
  const name = `${address}:${port ?? ''}/${namespace ?? ''}`
  span.setAttribute('db.client.connection.pool.name', name)
}
