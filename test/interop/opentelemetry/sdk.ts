import { systemClock } from '../../../src/base/clock.ts'
import { defaultLimits, type Limits } from '../../../src/base/limits.ts'
import { createReport, type Report } from '../../../src/base/report.ts'
import type { Resource, TraceRecord } from '../../../src/base/span-data.ts'
import {
  receiveSdkSpans,
  type SdkSpans
} from '../../../src/interop/opentelemetry/span-processor.ts'
import { createRedactor } from '../../../src/redact/redactor.ts'
import { Tracer } from '../../../src/span/tracer.ts'
import { OpenTraces } from '../../../src/trace/open-traces.ts'
import type { Api } from './setup.ts'

/** The little of an SDK that the tests use, the same in 2.x and 3.x. */
export interface Provider {
  getTracer(name: string, version?: string): ReturnType<Api['trace']['getTracer']>
  forceFlush(): Promise<void>
  shutdown(): Promise<void>
}

type Api = typeof Api

export interface Received extends SdkSpans {
  readonly records: TraceRecord[]
  readonly open: OpenTraces
  readonly report: Report
  readonly said: string[]
  /** Names of the scopes that were told of. */
  readonly scopes: string[]
  readonly tracer: Tracer
}

/** Everything behind the span processor, with the real clock and the real rules; records are copies. */
export function receive(
  ignore: (method: string, path: string) => boolean = () => false,
  changed: Partial<Limits> = {}
): Received {
  const said: string[] = []
  const scopes: string[] = []
  const records: TraceRecord[] = []
  const report = createReport((text) => said.push(text))
  const limits = { ...defaultLimits, ...changed }
  const redactor = createRedactor({ mode: 'local', limits, options: {}, report })
  let resource: Resource = { service: 'before', attributes: [] }
  const open = new OpenTraces({
    clock: systemClock,
    limits,
    report,
    get resource() {
      return resource
    },
    redact: (record) => record,
    onRecord: (record) =>
      records.push({ ...record, spans: record.spans.map((span) => ({ ...span, ...read(span) })) }),
    onChange() {}
  })
  const tracer = new Tracer({
    limits,
    redactor,
    now: () => systemClock.now(),
    sampler: () => true,
    openTrace: (traceId, now, fresh) => open.open(traceId, now, fresh)
  })
  const received = receiveSdkSpans({
    tracer,
    redactor,
    limits,
    report,
    path: '/_traces',
    ignore,
    onScope: (name) => scopes.push(name),
    onResource: (theirs) => (resource = theirs)
  })
  return { ...received, scopes, records, open, report, said, tracer }
}

// A live span's duration is an accessor, which a copy does not take along.
function read(span: TraceRecord['spans'][number]): object {
  return { duration: span.duration, open: span.open }
}
