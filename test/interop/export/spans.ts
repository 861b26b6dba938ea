import type { SpanData, TraceRecord } from '../../../src/base/span-data.ts'

/** A span with what matters to a test. */
export function spanOf(more: Partial<SpanData> = {}): SpanData {
  return {
    spanId: '00f067aa0ba902b7',
    parentId: undefined,
    parentRemote: false,
    name: 'GET /orders',
    kind: 1,
    start: 0,
    duration: 5e6,
    open: false,
    status: 0,
    statusMessage: '',
    traceState: '',
    flags: 3,
    scope: { name: 'spanlight', version: '' },
    attributes: [],
    events: [],
    links: [],
    logs: [],
    droppedAttributes: 0,
    droppedEvents: 0,
    droppedLinks: 0,
    ...more
  } as SpanData
}

export function recordOf(spans: readonly SpanData[], more: Partial<TraceRecord> = {}): TraceRecord {
  return {
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    epochMs: 1_700_000_000_000,
    resource: { service: 'shop', attributes: [] },
    source: 'local',
    spans,
    droppedSpans: 0,
    ...more
  } as TraceRecord
}
