import type { Resource, SpanData, TraceRecord } from '../../../src/base/span-data.ts'
import type { HttpSpans } from './spans.js'

export const shapes: Record<string, (spans: HttpSpans) => SpanData[]>
export function recordOf(
  spans: HttpSpans,
  epochMs: number,
  resource: Resource,
  size: number
): TraceRecord
export function recordWith(
  spans: HttpSpans,
  epochMs: number,
  resource: Resource,
  made: SpanData[]
): TraceRecord
