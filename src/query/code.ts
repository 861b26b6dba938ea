import { getAttribute, getString } from '../base/attributes.ts'
import type { CallSite } from '../base/call-site.ts'
import type { ReadonlyAttributes, TraceRecord } from '../base/span-data.ts'
import type { SpanCode } from '../code/sources.ts'

/**
 * What a span says about code; 'elsewhere' for one of another process, whose paths are not this machine's (or are made up), and undefined when
 * the records do not hold it.
 */
export function* spanCode(
  records: Iterable<TraceRecord>,
  spanId: string
): Generator<void, SpanCode | 'elsewhere' | undefined> {
  for (const record of records) {
    const span = record.spans.find((one) => one.spanId === spanId)
    if (span !== undefined) {
      if (record.source !== 'local') return 'elsewhere'
      const exceptions = span.events.filter(({ name }) => name === 'exception')
      return {
        site: callSiteOf(span.attributes),
        exceptions: exceptions.map(({ attributes }) => ({
          message: getString(attributes, 'exception.message'),
          stack: getString(attributes, 'exception.stacktrace')
        }))
      }
    }
    yield
  }
  return undefined
}

/** The place in the code that a span was started from. */
export function callSiteOf(attributes: ReadonlyAttributes): CallSite | undefined {
  const path = getString(attributes, 'code.file.path')
  if (path === '') return undefined
  const line = getAttribute(attributes, 'code.line.number')
  const column = getAttribute(attributes, 'code.column.number')
  if (typeof line !== 'number') return undefined
  return {
    path,
    line,
    column: typeof column === 'number' ? column : 1,
    function: getString(attributes, 'code.function.name')
  }
}
