import { type Limits, defaultLimits } from '../../src/base/limits.ts'
import { createReport } from '../../src/base/report.ts'
import { type SpanKind } from '../../src/base/span-data.ts'
import { rootContext } from '../../src/context/context.ts'
import type { Redactor } from '../../src/redact/redactor.ts'
import { Span } from '../../src/span/span.ts'
import { Tracer } from '../../src/span/tracer.ts'
import type { TraceStore } from '../../src/store/types.ts'
import { OpenTraces } from '../../src/trace/open-traces.ts'
import { epochMs } from './fixtures.ts'

const plain: Redactor = {
  attribute: (_key, value) => value as string,
  text: (text) => text,
  header: (_name, value) => value,
  query: (query) => query,
  path: (path) => path,
  url: (url) => url,
  body: (text) => text,
  statement: (text) => text,
  command: (name) => name
}

/** Recording as it runs, on a clock that is set by hand; what ends goes to the store. */
export function openTracing(store: Pick<TraceStore, 'add'>, limits: Partial<Limits> = {}) {
  const time = { ms: 0 }
  const clock = { now: () => time.ms, anchor: () => epochMs }
  const rules = { ...defaultLimits, ...limits }
  const open = new OpenTraces({
    clock,
    limits: rules,
    report: createReport(() => {}),
    resource: { service: 'api', attributes: [] },
    redact: (record) => record,
    onRecord: (record) => void store.add(record, ''),
    onChange: () => {}
  })
  const tracer = new Tracer({
    limits: rules,
    redactor: plain,
    now: clock.now,
    sampler: () => true,
    openTrace: (traceId) => open.open(traceId)
  })
  /** Starts a span, of a new trace or below another one. */
  function start(name: string, parent?: Span, kind: SpanKind = parent === undefined ? 1 : 0): Span {
    const span = tracer.start(name, { kind }, rootContext.withSpan(parent))
    if (!(span instanceof Span)) throw new Error('the span is not recorded')
    return span
  }
  return { open, time, start }
}
