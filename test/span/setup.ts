import { defaultLimits, type Limits } from '../../src/base/limits.ts'
import { createReport, type Report } from '../../src/base/report.ts'
import type { AttributeValue } from '../../src/base/attributes.ts'
import type { TraceRecord } from '../../src/base/span-data.ts'
import type { Redactor } from '../../src/redact/redactor.ts'
import { ratioSampler } from '../../src/span/sampler.ts'
import { Tracer, type TracerSetup } from '../../src/span/tracer.ts'
import { OpenTraces } from '../../src/trace/open-traces.ts'

/** Hides nothing: for tests that are about something else. */
export const openRedactor: Redactor = {
  attribute: (_key, value) =>
    value === null || value === undefined ? undefined : (value as AttributeValue),
  text: (text, length) => text.slice(0, length),
  header: (_name, value) => value,
  query: (query) => query,
  path: (path) => path,
  url: (url) => url,
  body: (text) => text,
  statement: (text) => text,
  command: (name) => name
}

export interface Recorder {
  tracer: Tracer
  open: OpenTraces
  report: Report
  /** Copies of the records, as spans are released once handed on. */
  records: TraceRecord[]
  /** Moves the clock. */
  pass(ms: number): void
}

/** A real tracer over a clock that only moves when told. */
export function createRecorder(
  limits: Partial<Limits> = {},
  sample = 1,
  callSites?: TracerSetup['callSites']
): Recorder {
  let time = 1000
  const report = createReport(() => {})
  const records: TraceRecord[] = []
  const all = { ...defaultLimits, ...limits }
  const clock = { now: () => time, anchor: () => 2_000_000_000_000.25 }
  const open = new OpenTraces({
    clock,
    limits: all,
    report,
    resource: { service: 'test', attributes: [] },
    redact: (record) => record,
    onRecord: (record) => records.push(copy(record)),
    onChange: () => {}
  })
  const tracer = new Tracer({
    limits: all,
    redactor: openRedactor,
    now: clock.now,
    sampler: ratioSampler(sample),
    callSites,
    openTrace: (traceId) => open.open(traceId)
  })
  return { tracer, open, report, records, pass: (ms) => (time += ms) }
}

function copy(record: TraceRecord): TraceRecord {
  const fields = [
    'spanId',
    'parentId',
    'parentRemote',
    'name',
    'kind',
    'start',
    'duration',
    'open',
    'status',
    'statusMessage',
    'traceState',
    'flags',
    'scope',
    'attributes',
    'events',
    'links',
    'logs',
    'droppedAttributes',
    'droppedEvents',
    'droppedLinks'
  ] as const
  const spans = record.spans.map((span) =>
    Object.fromEntries(fields.map((field) => [field, structuredClone(span[field])]))
  )
  return { ...record, spans: spans as unknown as TraceRecord['spans'] }
}
