import { randomUUID } from 'node:crypto'
import { systemClock } from './base/clock.ts'
import { createReport } from './base/report.ts'
import { createGuard } from './base/safely.ts'
import type { Resource, TraceRecord } from './base/span-data.ts'
import { createCodeLines } from './code-lines.ts'
import { createExporting, exportsOf } from './exporting.ts'
import { followFastify } from './host/fastify.ts'
import { followRouters } from './host/hono.ts'
import { createHost } from './host/host.ts'
import { followContexts } from './host/koa.ts'
import { Inspections } from './inspect/inspections.ts'
import { Profiler } from './inspect/profiler.ts'
import { inspectSetup } from './inspecting.ts'
import { type OpenTelemetrySetup, registerOpenTelemetry } from './interop/opentelemetry/register.ts'
import type { SdkSpans } from './interop/opentelemetry/span-processor.ts'
import { handOut, idleTracing, type Tracing } from './handles.ts'
import { leaveToSdk } from './sdk.ts'
import { resolveOptions, type TracingOptions } from './options.ts'
import { inFlightText } from './query/in-flight-text.ts'
import { nameOf } from './query/line.ts'
import { Routes } from './query/routes.ts'
import { createRedactor } from './redact/redactor.ts'
import { Runtime } from './runtime/runtime.ts'
import { listenForPages } from './serve/listen.ts'
import { decideMode } from './serve/mode.ts'
import { createFront } from './serve/front.ts'
import { tokenDirectory } from './serve/token.ts'
import { createPropagation } from './span/propagation.ts'
import { ratioBeginning, ratioSampler } from './span/sampler.ts'
import { Tracer } from './span/tracer.ts'
import { announce } from './start-line.ts'
import { statusOf } from './status.ts'
import { createStore } from './store/store.ts'
import { OpenTraces } from './trace/open-traces.ts'
import { summarise } from './trace/summary.ts'
import { version } from './version.ts'
import { createWorkerFamily } from './worker-family.ts'
import { endsByException } from './watch/exceptions.ts'
import { startWatches } from './watches.ts'
import { whenAsked } from './when-asked.ts'

const now = (): number => systemClock.now()

/** The composition root: the only place that knows all stages. Reading it from top to bottom is following a span from its birth to the page. */
export function createTracing(
  options: TracingOptions = {},
  env: NodeJS.ProcessEnv = process.env
): Tracing {
  // The rules report, too, while they are read.
  let hide = (text: string): string => text
  const report = createReport(undefined, (text) => hide(text))
  const settings = resolveOptions(options, env, (line) => report.once(line))
  const { limits } = settings
  const decision = decideMode({
    access: settings.access,
    token: settings.token,
    env,
    isTTY: process.stdout.isTTY
  })
  const exports = exportsOf(settings.export, env, report)

  // What is recorded ...
  const mode = decision.mode === 'local' ? 'local' : 'token'
  const redactor = createRedactor({ mode, limits, options: settings.redact, report })
  hide = (text) => redactor.text(text, limits.messageLength)
  const redact = (record: TraceRecord): TraceRecord => redactor.record(record)
  const propagation = createPropagation(settings.propagate)
  if (settings.disabled || (decision.mode === 'off' && exports.length === 0)) {
    if (!settings.disabled && decision.warning) report.say(`off: ${decision.why}`)
    return idleTracing({ settings, redactor, propagation, report })
  }
  let resource: Resource = {
    service: settings.service,
    attributes: settings.resourceAttributes.flatMap(([key, value]) => {
      const shown = redactor.attribute(key, value)
      return shown === undefined ? [] : [key, shown]
    })
  }
  const inFlight = new Set<() => void>()
  const runtime = settings.capture.runtime
    ? new Runtime({
        clock: systemClock,
        guard: createGuard('watching the runtime', report),
        inFlight: () => open.size,
        nameOf: (traceId) => nameOf({ store, open, elsewhere: family.inFlight }, traceId)
      })
    : undefined
  const open = new OpenTraces({
    clock: systemClock,
    limits,
    report,
    get resource() {
      return resource
    },
    redact,
    onRecord: keep,
    onChange: () => inFlight.forEach((listener) => listener()),
    onActivity: runtime && ((span, at, ended) => runtime.note(span, at, ended))
  })
  const guardSpans = createGuard('recording of spans', report)
  const { callSites, sources } = createCodeLines({
    root: process.cwd(),
    callSites: settings.capture.callSites ?? decision.mode === 'local',
    text: (text) => redactor.text(text, limits.nameLength),
    report,
    now
  })
  const tracer = new Tracer({
    limits,
    redactor,
    callSites,
    now,
    failed: guardSpans.failed,
    sampler: ratioSampler(settings.sample),
    begin: settings.tailSampling && ratioBeginning(settings.tailSampling.ratio),
    openTrace: (traceId, now, fresh) => open.open(traceId, now, fresh)
  })

  // ... is kept, and told to whoever else wants it ...
  const store = createStore({ memory: settings.memory, report })
  const routes = new Routes(now)
  const exporting = createExporting({
    wanted: exports,
    ...settings,
    store,
    // An SDK in the process has exporters of its own.
    leaves: ({ source, relayed }) => source === 'local' && !relayed && sdk === undefined,
    env,
    report,
    now
  })
  let overheadMs = 0
  function keep(record: TraceRecord): void {
    const began = now()
    const summary = summarise(record)
    const slow = routes.observe(summary, began)
    store.add(record, summary.errors > 0 ? 'error' : slow ? 'slow' : '', summary)
    exporting.export(record)
    overheadMs += now() - began
  }

  // ... and read by the page, its API and other services.
  const bootId = randomUUID()
  const told = { settings, store, open, report, bootId, version }
  const family = createWorkerFamily({
    ...told,
    shown: decision.mode !== 'off',
    env,
    parts: () => ({ serve, inspections, profiler, reader: asked }),
    keep,
    inFlight,
    onJoin: (identify) => (resource = identify(resource))
  })
  const profiler = new Profiler(createGuard('the CPU profile', report), report)
  const inspections = new Inspections({
    bodies: settings.capture.bodies,
    now,
    profiler,
    onChange: family.wishesChanged
  })
  const asked = whenAsked({
    reading: {
      store,
      open,
      elsewhere: family.inFlight,
      runtimeElsewhere: family.runtime,
      routes,
      slowMs: settings.slowMs,
      runtime: runtime && ((from, to) => runtime.read(from, to)),
      now
    },
    page: {
      report,
      version,
      bootId,
      service: settings.service,
      slowMs: settings.slowMs,
      store: family.store,
      elsewhere: family.elsewhere,
      inspect: inspectSetup({ inspections, profiler, settings, family, mode: () => serve.mode }),
      source: (code) => sources.of(code),
      onInFlightChange(listener) {
        inFlight.add(listener)
        return () => inFlight.delete(listener)
      },
      status: async () =>
        statusOf({
          ...told,
          instrumented: () => watches.instrumented,
          libraries: await watches.libraries(),
          runtime: runtime?.figures(),
          exporting,
          workers: family.status,
          overheadMs
        })
    },
    others: { store, redactor, limits, report, redact, keep, now }
  })
  const serve = createFront(
    {
      report,
      path: settings.path,
      mode: decision,
      elsewhere: family.elsewhere,
      allowedHosts: settings.allowedHosts,
      allowedOrigins: settings.allowedOrigins,
      token: settings.token ?? '',
      ingestToken: settings.ingestToken ?? '',
      tokenDirectory: tokenDirectory(process.cwd()),
      authorize: typeof settings.access === 'function' ? settings.access : undefined,
      ingest: asked.ingest
    },
    asked.open
  )
  const host = createHost({
    tracer,
    propagation,
    redactor,
    limits,
    guard: createGuard('recording of requests', report),
    ignore: settings.ignore,
    trustIncoming: settings.trustIncoming,
    layers: settings.capture.layers,
    captureHeaders: {
      request: settings.capture.requestHeaders,
      response: settings.capture.responseHeaders
    },
    path: settings.path,
    page: (req, res, base) => settings.listen === undefined && serve.handle(req, res, base),
    observe: (req) => serve.observe(req),
    inspect: inspections,
    onFramework: (framework) => watches.saw(framework)
  })
  followFastify(host, createGuard('fastify', report))
  const watches = startWatches({
    tracer,
    propagation,
    redactor,
    limits,
    report,
    settings,
    onFatal(error) {
      host.uncaught(error)
      if (endsByException()) tellInFlight()
    },
    onSignal: tellInFlight
  })
  function tellInFlight(): void {
    for (const line of inFlightText(open.snapshots())) report.say(line)
  }
  const api = registerOpenTelemetry({
    tracer,
    propagation,
    report,
    onTracer: (name) => watches.sawTracer(name)
  } satisfies OpenTelemetrySetup)
  watches.add(api.instrumented)
  let sdk: SdkSpans | undefined
  const pages =
    settings.listen && listenForPages({ serve, report, path: settings.path, ...settings.listen })
  const stopAnnouncing = announce({ serve, settings, report, decision, pages, watches })

  return {
    ...handOut(host, tracer),
    handOver(name, module) {
      if (name === 'koa') followContexts(host, module)
      else if (name === 'hono') followRouters(host, module as unknown[])
      else watches.handOver(name, module)
    },
    spanProcessor() {
      sdk ??= leaveToSdk(
        { host, api, watches, shown: decision.mode !== 'off' },
        {
          tracer,
          redactor,
          report,
          ...settings,
          onResource: (own) => (resource = family.identified(own))
        }
      )
      return sdk.processor
    },
    async close() {
      stopAnnouncing()
      family.close()
      sdk?.stop()
      host.close()
      profiler.stop()
      api.stop()
      watches.stop()
      callSites?.stop()
      runtime?.stop()
      open.close()
      serve.close()
      pages?.close()
      await exporting.close()
    }
  }
}
