import { systemClock } from '../../src/base/clock.ts'
import { getAttribute } from '../../src/base/attributes.ts'
import { defaultLimits } from '../../src/base/limits.ts'
import { createReport } from '../../src/base/report.ts'
import { createGuard } from '../../src/base/safely.ts'
import type { ReadonlyAttributes, TraceRecord } from '../../src/base/span-data.ts'
import { SpanKind } from '../../src/base/span-data.ts'
import { createPropagation } from '../../src/span/propagation.ts'
import { rootContext, runIn } from '../../src/context/context.ts'
import { createRedactor, type Redactor } from '../../src/redact/redactor.ts'
import type { Span } from '../../src/span/span.ts'
import { Tracer } from '../../src/span/tracer.ts'
import { OpenTraces } from '../../src/trace/open-traces.ts'
import { LogLines } from '../../src/watch/logs/log-lines.ts'
import { Statements } from '../../src/watch/databases/statements.ts'
import type { WatchSetup } from '../../src/watch/watch.ts'
import { until } from '../until.ts'

/** The real rules, as they stand without any option. */
export const redactor: Redactor = createRedactor({
  mode: 'local',
  limits: defaultLimits,
  options: {},
  report: createReport(() => {})
})

/** A span as it was handed on, its attributes as an object. */
export interface Kept {
  name: string
  kind: number
  status: number
  statusMessage: string
  spanId: string
  parentId: string | undefined
  traceId: string
  duration: number
  attributes: Record<string, unknown>
  logs: { severity: string; body: string; attributes?: Record<string, unknown> }[]
  events: string[]
  links: string[]
}

export interface Recorder {
  setup: WatchSetup
  spans: Kept[]
  /** Runs `fn` as a request's handler does: in the context of a span of its own, which ends after it. */
  inRequest<T>(name: string, fn: (span: Span) => Promise<T>): Promise<T>
  /** The kept spans of that name; waits until there are `count` of them. */
  wait(name: string, count?: number): Promise<Kept[]>
  said: string[]
  close(): void
}

export function record(): Recorder {
  const said: string[] = []
  const spans: Kept[] = []
  const report = createReport((text) => said.push(text))
  const traces = new OpenTraces({
    clock: systemClock,
    limits: defaultLimits,
    report,
    resource: { service: 'test', attributes: [] },
    redact: (record) => record,
    onRecord: (record) => spans.push(...read(record)),
    onChange() {}
  })
  const tracer = new Tracer({
    limits: defaultLimits,
    redactor,
    now: () => systemClock.now(),
    sampler: () => true,
    openTrace: (traceId) => traces.open(traceId)
  })
  return {
    setup: {
      tracer,
      propagation: createPropagation(['w3c']),
      redactor,
      limits: defaultLimits,
      report,
      guard: createGuard('test', report),
      lines: new LogLines(),
      statements: new Statements({ redactor, limits: defaultLimits })
    },
    spans,
    said,
    async inRequest(name, fn) {
      const span = tracer.start(name, { kind: SpanKind.server }, rootContext) as Span
      try {
        return await runIn(rootContext.withSpan(span), () => fn(span))
      } finally {
        span.end()
      }
    },
    async wait(name, count = 1) {
      const found = (): Kept[] => spans.filter((span) => span.name === name)
      await until(() => found().length >= count).catch(() => {
        throw new Error(`only ${spans.map((span) => span.name).join(', ')}; no ${count} of ${name}`)
      })
      return found()
    },
    close: () => traces.close()
  }
}

function read(record: TraceRecord): Kept[] {
  return record.spans.map((span) => {
    const attributes = objectOf(span.attributes)
    return {
      name: span.name,
      kind: span.kind,
      status: span.status,
      statusMessage: span.statusMessage,
      spanId: span.spanId,
      parentId: span.parentId,
      traceId: record.traceId,
      duration: span.duration,
      attributes,
      logs: span.logs.map(({ severity, body, attributes }) => ({
        severity,
        body,
        ...(attributes.length > 0 && { attributes: objectOf(attributes) })
      })),
      events: span.events.map((event) => event.name),
      links: span.links.map((link) => link.spanId)
    }
  })
}

function objectOf(attributes: ReadonlyAttributes): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  for (let i = 0; i < attributes.length; i += 2) {
    const key = attributes[i] as string
    object[key] = getAttribute(attributes, key)
  }
  return object
}
