import type { SpanData, TraceRecord } from '../../../src/base/span-data.ts'
import { UnfinishedSegments } from '../../../src/interop/xray/unfinished.ts'
import type { Received, ReceiveSetup } from '../../../src/trace/received.ts'
import { defaultLimits, type Limits } from '../../../src/base/limits.ts'
import { createReport } from '../../../src/base/report.ts'
import { createRedactor } from '../../../src/redact/redactor.ts'

export const header = '{"format": "json", "version": 1}\n'

export const traceId = '1-5759e988-bd862e3fe1be46a994272793'
export const plainTraceId = '5759e988bd862e3fe1be46a994272793'

/** With the rules of redaction as they are by default. */
export function xraySetup(changes: Partial<Limits> = {}): ReceiveSetup {
  const limits = { ...defaultLimits, ...changes }
  const report = createReport(() => undefined)
  return {
    limits,
    report,
    redactor: createRedactor({ mode: 'local', limits, options: {}, report })
  }
}

/** The least a segment must have. */
export const least = {
  trace_id: traceId,
  id: 'a'.repeat(16),
  name: 'shop',
  start_time: 1478293361.271,
  end_time: 1478293361.449
}

/** What can be kept of a body at once, where nothing came before it. */
export function decodeText(text: string, setup: ReceiveSetup = xraySetup()) {
  return receive(alone(setup), text, setup)
}

/** With nothing stored. */
export function alone(setup: ReceiveSetup): UnfinishedSegments {
  const nothing = { stored: () => [], keep: () => undefined, onChange: () => undefined }
  return new UnfinishedSegments({ ...setup, ...nothing, now: () => 0 })
}

export function receive(segments: UnfinishedSegments, text: string, setup: ReceiveSetup) {
  const work = segments.receive(Buffer.from(text), setup)
  for (;;) {
    const { done, value } = work.next()
    if (done === true) return value
  }
}

export function bodyOf(documents: readonly object[]): string {
  return documents.map((one) => header + JSON.stringify(one)).join('\n')
}

/** What came of documents, which must be readable. */
export function decodeAll(...documents: object[]): Received {
  const read = decodeText(bodyOf(documents))
  if ('error' in read) throw new Error(read.error)
  return read
}

export function spanOf(document: object): { span: SpanData; record: TraceRecord } {
  const [record] = decodeAll({ ...least, ...document }).records
  if (record === undefined) throw new Error('nothing was kept')
  return { record, span: record.spans[0] as SpanData }
}

/** Attributes as an object. */
export function named(attributes: readonly unknown[]): Record<string, unknown> {
  const pairs: [string, unknown][] = []
  for (let i = 0; i < attributes.length; i += 2)
    pairs.push([attributes[i] as string, attributes[i + 1]])
  return Object.fromEntries(pairs)
}
