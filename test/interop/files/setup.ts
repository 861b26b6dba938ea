import { createImporting } from '../../../src/importing.ts'
import type { SpanId, TraceId } from '../../../src/base/ids.ts'
import type { TraceRecord } from '../../../src/base/span-data.ts'
import type { ImportResult } from '../../../src/wire/files.ts'
import { decodeSetup } from '../otlp/setup.ts'

export interface Taken extends ImportResult {
  readonly kept: TraceRecord[]
  /** Names of the spans that were kept, in order. */
  readonly names: string[]
}

export async function takeIn(
  file: string | Buffer,
  known: (traceId: TraceId) => Iterable<readonly SpanId[]> = () => []
): Promise<Taken> {
  const kept: TraceRecord[] = []
  const importFile = createImporting({
    ...decodeSetup(),
    redact: (record) => record,
    keep: (record) => void kept.push(record),
    known,
    now: () => performance.now()
  })
  const result = await importFile(Buffer.from(file))
  const names = kept.flatMap(({ spans }) => spans.map(({ name }) => name))
  return { ...result, kept, names }
}

const hex = (n: number, length: number): string => n.toString(16).padStart(length, '0')

export const traceIdOf = (n: number): string => hex(n, 32)

/** A span as OTLP/JSON. */
export const otlpSpan = (n: number, changes: object = {}): object => ({
  traceId: traceIdOf(n),
  spanId: hex(n, 16),
  name: `span ${n}`,
  startTimeUnixNano: String(1_700_000_000_000_000_000n + BigInt(n)),
  ...changes
})

/** An element of `resourceSpans`. */
export const process = (...spans: object[]): object => ({
  resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
  scopeSpans: [{ scope: { name: 'test' }, spans }]
})

export const otlpFile = (...spans: object[]): object => ({ resourceSpans: [process(...spans)] })
