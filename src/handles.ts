import type { Report } from './base/report.ts'
import { createGuard } from './base/safely.ts'
import { activeContext, type Context, runIn } from './context/context.ts'
import { type ExpressMiddleware, expressMiddleware } from './host/express.ts'
import { createHost, type Host } from './host/host.ts'
import { type AnyServer, type Listener, traced } from './host/http.ts'
import { type KoaMiddleware, koaMiddleware } from './host/koa.ts'
import { idleProcessor, type SpanProcessor } from './interop/opentelemetry/span-processor.ts'
import type { Settings } from './options.ts'
import type { RecordRedactor } from './redact/redactor.ts'
import type { Propagation } from './span/propagation.ts'
import { Tracer } from './span/tracer.ts'

/**
 * Everything that records, keeps and shows, wired together. One per process; see `process-wide.ts`. It hands out its own middlewares and
 * its own contexts, because who asks for them may be another copy of the package, which has another AsyncLocalStorage.
 */
export interface Tracing {
  readonly host: Host
  readonly tracer: Tracer
  readonly contexts: Contexts
  express(): ExpressMiddleware
  koa(): KoaMiddleware
  traced<T extends Listener | AnyServer>(target: T): T
  /** Watches a module that `spanlight/register` has seen the application load. Never throws. */
  handOver(name: string, module: unknown): void
  /** Leaves requests and calls to the OpenTelemetry SDK whose spans come this way. */
  spanProcessor(): SpanProcessor
  /** Stops recording, gives back everything that was wrapped, closes the page. */
  close(): Promise<void>
}

export interface Contexts {
  readonly active: () => Context
  readonly run: typeof runIn
}

interface IdleSetup {
  readonly settings: Settings
  readonly redactor: RecordRedactor
  readonly propagation: Propagation
  readonly report: Report
}

/** Nobody could see or receive anything: requests pass, spans by hand go nowhere, nothing is wrapped, no memory is taken. */
export function idleTracing({ settings, redactor, propagation, report }: IdleSetup): Tracing {
  const { limits, ignore, path } = settings
  const tracer = new Tracer({
    limits,
    redactor,
    now: () => 0,
    sampler: () => false,
    openTrace: () => undefined
  })
  const guard = createGuard('recording of requests', report)
  const page = (): boolean => false
  const host = createHost({ tracer, propagation, redactor, limits, guard, ignore, path, page })
  host.close()
  return {
    ...handOut(host, tracer),
    handOver() {},
    spanProcessor: () => idleProcessor,
    close: () => Promise.resolve()
  }
}

/** The middlewares and handles of a recorder. */
export function handOut(
  host: Host,
  tracer: Tracer
): Omit<Tracing, 'handOver' | 'spanProcessor' | 'close'> {
  return {
    host,
    tracer,
    contexts: { active: activeContext, run: runIn },
    express: () => expressMiddleware(host),
    koa: () => koaMiddleware(host),
    traced: (target) => traced(host, target)
  }
}
