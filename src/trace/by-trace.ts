import type { TraceRecord } from '../base/span-data.ts'

/** Takes apart what comes trace by trace. Each trace is to be read to its end before the next one is asked for. */
export function* byTrace(records: Iterable<TraceRecord>): Generator<Iterable<TraceRecord>, void> {
  const source = records[Symbol.iterator]()
  let next = source.next()
  function* one(traceId: string): Generator<TraceRecord, void> {
    for (; next.done !== true && next.value.traceId === traceId; next = source.next())
      yield next.value
  }
  while (next.done !== true) {
    const { traceId } = next.value
    yield one(traceId)
  }
}
