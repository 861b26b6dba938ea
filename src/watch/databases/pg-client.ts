import { SpanKind } from '../../base/span-data.ts'
import { activeContext, type Context } from '../../context/context.ts'
import { Span } from '../../span/span.ts'
import { failSpan } from './database.ts'
import { type Callback, followCallback, followPromise } from '../settle.ts'
import type { WatchSetup } from '../watch.ts'

/** What is read of a `pg.Client`; each may be missing or anything. */
interface PgClient {
  readonly host?: unknown
  readonly port?: unknown
  readonly database?: unknown
}

export interface Place {
  readonly namespace: string | undefined
  readonly address: string | undefined
  readonly port: number | undefined
}

export const defaultPort = 5432

/** The database that a client is for. */
export function placeOf(client: object): Place {
  const { host, port, database } = client as PgClient
  return {
    namespace: typeof database === 'string' ? database : undefined,
    address: typeof host === 'string' ? host : undefined,
    port: Number(port) || undefined
  }
}

/** SQLSTATE, PostgreSQL appendix A; a connection's error has a system code (ECONNRESET), which is no answer of the database. */
export function sqlState(error: unknown): string | undefined {
  const code: unknown = (error as { code?: unknown } | null | undefined)?.code
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined
}

/** Connects a client. The host's call is outside every guard; what it throws is the host's. */
export function runConnect(
  setup: WatchSetup,
  original: Callback,
  client: object,
  args: unknown[]
): unknown {
  const span = setup.guard(() => beginConnect(setup, client))
  if (span === undefined) return Reflect.apply(original, client, args)
  return runWait(
    setup,
    { span, args, caller: activeContext() },
    {
      run: (given) => Reflect.apply(original, client, given)
    }
  )
}

function beginConnect(setup: WatchSetup, client: object): Span | undefined {
  const span = startChild(setup, 'pg connect', SpanKind.client)
  if (span === undefined) return undefined
  const { namespace, address, port } = placeOf(client)
  span.put('db.system.name', 'postgresql')
  if (namespace) span.setAttribute('db.namespace', namespace)
  if (address) span.setAttribute('server.address', address)
  if (port !== undefined && port !== defaultPort) span.put('server.port', port)
  return span
}

/** A span below the active one; undefined outside of any, where waiting and connecting is nobody's time. */
export function startChild(setup: WatchSetup, name: string, kind: SpanKind): Span | undefined {
  const context = activeContext()
  if (!(context.span instanceof Span)) return undefined
  const span = setup.tracer.start(name, { kind, named: true }, context)
  return span instanceof Span ? span : undefined
}

interface Wait {
  readonly span: Span
  readonly args: unknown[]
  /** Where the host's callback runs. */
  readonly caller: Context
}

interface Work {
  run(args: unknown[]): unknown
  /** What the host waited for has come. */
  arrived?(value: unknown): void
}

/** Runs a method whose first argument may be a callback `(error, value)`, which returns a promise without, and ends the span by it. */
export function runWait(setup: WatchSetup, { span, args, caller }: Wait, work: Work): unknown {
  const succeeded = (value: unknown): void => {
    work.arrived?.(value)
    span.end()
  }
  const failed = (error: unknown): void => failSpan(span, error, sqlState(error))
  const [callback, ...rest] = args
  const followed =
    typeof callback !== 'function'
      ? undefined
      : setup.guard(() =>
          followCallback(setup, caller, callback as Callback, ([error, value]) =>
            error ? failed(error) : succeeded(value)
          )
        )
  try {
    if (followed !== undefined) return work.run([followed, ...rest])
    const result = work.run(args)
    return setup.guard(() => followPromise(setup, result, succeeded, failed)) ?? result
  } catch (error) {
    setup.guard(() => failed(error))
    throw error
  }
}
