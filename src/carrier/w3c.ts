import type { IncomingHttpHeaders } from 'node:http'
import type { SpanContext } from '../base/span-context.ts'
import type { HeaderFormat } from './carried.ts'
import { parseTraceState, serializeTraceState } from './trace-state.ts'
import { formatTraceparent, parseTraceparent } from './traceparent.ts'

/** W3C Trace Context level 2. */
export const w3c: HeaderFormat = {
  fields: ['traceparent', 'tracestate'],
  read(headers) {
    const parent = readParent(headers)
    return parent && { parent }
  },
  write(span, set) {
    set('traceparent', formatTraceparent(span))
    const tracestate = serializeTraceState(span.traceState)
    if (tracestate !== '') set('tracestate', tracestate)
  }
}

// A bad traceparent takes the tracestate with it; a bad tracestate leaves the traceparent alone (section 3.3).
function readParent(headers: IncomingHttpHeaders): SpanContext | undefined {
  const header = joined(headers['traceparent'])
  const parent = header === '' ? undefined : parseTraceparent(header)
  if (parent === undefined) return undefined
  const lines = joined(headers['tracestate'])
  const traceState = lines === '' ? undefined : parseTraceState(lines)
  return { ...parent, isRemote: true, traceState }
}

/** Node joins repeated headers of unknown names itself; other carriers give them as a list. Both must read the same. */
export function joined(value: unknown): string {
  if (typeof value === 'string') return value
  return Array.isArray(value) ? value.filter((line) => typeof line === 'string').join(',') : ''
}
