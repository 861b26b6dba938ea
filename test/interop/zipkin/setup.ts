import { defaultLimits } from '../../../src/base/limits.ts'
import { createReport } from '../../../src/base/report.ts'
import type { SpanData, TraceRecord } from '../../../src/base/span-data.ts'
import { decodeZipkin } from '../../../src/interop/zipkin/decode.ts'
import type { Received, ReceiveSetup } from '../../../src/trace/received.ts'
import { openRedactor } from '../../span/setup.ts'

export function decodeSetup(limits: Partial<typeof defaultLimits> = {}): ReceiveSetup {
  const report = createReport(() => {})
  return { limits: { ...defaultLimits, ...limits }, redactor: openRedactor, report }
}

/** All of a body, without pauses. */
export function decodeBody(
  body: unknown,
  setup: ReceiveSetup = decodeSetup()
): Received | { error: string } {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const work = decodeZipkin(body instanceof Uint8Array ? body : Buffer.from(text), setup)
  for (;;) {
    const { done, value } = work.next()
    if (done === true) return value
  }
}

export const decoded = (spans: unknown, setup?: ReceiveSetup): TraceRecord[] =>
  (decodeBody(spans, setup) as Received).records

export const traceId = 'a'.repeat(32)
export const id = 'b'.repeat(16)
export const parentId = 'c'.repeat(16)
/** Microseconds. */
export const timestamp = 1_700_000_000_123_456

/** The least a span must have. */
export const least = { traceId, id, timestamp }

/** One span, read. */
export function read(span: object, setup?: ReceiveSetup): SpanData {
  return decoded([{ ...least, ...span }], setup)[0].spans[0]
}

export function attributesOf(span: { attributes: readonly unknown[] }): Record<string, unknown> {
  const entries: Record<string, unknown> = {}
  for (let i = 0; i < span.attributes.length; i += 2)
    entries[span.attributes[i] as string] = span.attributes[i + 1]
  return entries
}
