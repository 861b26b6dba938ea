import { newSpanId, newTraceId } from '../../src/base/ids.ts'
import type { SpanContext } from '../../src/base/span-context.ts'

export function newSpanContext(): SpanContext {
  return { traceId: newTraceId(), spanId: newSpanId(), traceFlags: 1 }
}
