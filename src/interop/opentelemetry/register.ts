import type { Report } from '../../base/report.ts'
import { createGuard } from '../../base/safely.ts'
import type { Propagation } from '../../span/propagation.ts'
import type { Tracer } from '../../span/tracer.ts'
import { ContextManager } from './context-manager.ts'
import { type ApiCopy, findCopies, isCopy } from './copies.ts'
import { inEmptyGlobal, readGlobal, shareSlots } from './global.ts'
import { Propagator } from './propagator.ts'
import { TracerProvider } from './tracer-provider.ts'

export interface OpenTelemetrySetup {
  readonly tracer: Tracer
  readonly propagation: Propagation
  readonly report: Report
  /** Finds the application's copy of `@opentelemetry/api`. @default from the started script, then the working directory */
  readonly appRequire?: NodeJS.Require | undefined
  /** Told the name of each tracer that is asked for: of an instrumentation, or of a library that calls the API itself. */
  readonly onTracer?: ((name: string) => void) | undefined
}

export interface Registration {
  /** How it stands; `on` and `how` change when another provider registers later and takes over. */
  readonly instrumented: { readonly name: string; readonly on: boolean; readonly how: string }
  /** Takes out what was registered, and nothing else; tracers that were handed out record nothing any more. */
  stop(): void
}

const name = '@opentelemetry/api'

const remedy =
  "is left alone; hand it spanProcessor() of 'spanlight/otel', and its spans are shown here"

/**
 * Makes us the backend of OpenTelemetry's API in this process: tracer provider, context manager and propagator. Never throws. Any other
 * provider goes first: one that is registered already keeps its place, one that registers later gets it.
 */
export function registerOpenTelemetry(setup: OpenTelemetrySetup): Registration {
  const guard = createGuard('OpenTelemetry API', setup.report)
  const off = (how: string): Registration => ({
    instrumented: { name, on: false, how },
    stop: () => undefined
  })
  if (isTaken()) {
    setup.report.once('another OpenTelemetry provider is registered and left alone')
    return off(`another OpenTelemetry provider was registered first and ${remedy}`)
  }
  return guard(() => register(setup)) ?? off('registration failed; see the error output')
}

// A tracer provider without the context manager that goes with it would lose every parent, so both or none.
function isTaken(): boolean {
  const api = readGlobal()
  return Boolean(api?.trace ?? api?.context)
}

function register(setup: OpenTelemetrySetup): Registration {
  const guard = createGuard('OpenTelemetry API', setup.report)
  const provider = new TracerProvider({ tracer: setup.tracer, guard, onTracer: setup.onTracer })
  const copies = findCopies(setup.appRequire)
  const told: ApiCopy[] = []
  const tell = (copy: ApiCopy): unknown => {
    const made = inEmptyGlobal(() => copy.trace.setGlobalTracerProvider(provider))
    told.push(copy)
    return made?.trace
  }
  const proxies = copies.loaded.map((copy) => guard(() => tell(copy)))
  const keepsPropagator = Boolean(readGlobal()?.propagation)
  const instrumented = { name, on: true, how: howOf(copies.version, keepsPropagator) }
  const yieldPlace = (): void => {
    provider.stop()
    instrumented.on = false
    instrumented.how = `another OpenTelemetry provider registered later and ${remedy}`
    setup.report.once('another OpenTelemetry provider was registered and took over the API')
  }
  const unshare = shareSlots(
    {
      // The application's own ProxyTracerProvider where there is one, as if registered through its `setGlobalTracerProvider`.
      trace: proxies.find((proxy) => proxy !== undefined) ?? provider,
      context: new ContextManager(),
      ...(keepsPropagator ? {} : { propagation: new Propagator(setup.propagation, guard) })
    },
    copies.version,
    yieldPlace
  )
  let stopped = false
  const later = async (load: () => Promise<unknown>): Promise<void> => {
    const copy = await load().catch(() => undefined)
    if (provider.on && isCopy(copy)) guard(() => tell(copy))
  }
  if (copies.imported !== undefined) void later(copies.imported)
  return {
    instrumented,
    stop() {
      if (stopped) return
      stopped = true
      provider.stop()
      guard(unshare)
      for (const copy of told) guard(() => untell(copy, provider))
    }
  }
}

// A copy keeps its delegate for good; `disable` gives it a fresh start, so that the next registration reaches its tracers again.
function untell(copy: ApiCopy, provider: TracerProvider): void {
  inEmptyGlobal(() => {
    if (copy.trace.getTracerProvider().getDelegate?.() === provider) copy.trace.disable()
  })
}

function howOf(version: string | undefined, keepsPropagator: boolean): string {
  const parts = keepsPropagator
    ? 'tracer provider and context manager (a propagator was registered before)'
    : 'tracer provider, context manager and propagator'
  return version === undefined
    ? `${parts} for any copy that is loaded; the application has none of its own`
    : `${parts} of ${name} ${version}`
}
