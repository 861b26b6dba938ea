import { readSpanId, readTraceId, type TraceId } from '../base/ids.ts'
import { carriedOf, type HeaderFormat, one } from './carried.ts'

const name = 'x-amzn-trace-id'

/**
 * `X-Amzn-Trace-Id: Root=1-{8 hex}-{24 hex};Parent={16 hex};Sampled={0, 1 or ?}`, in any order and with other parts (Self, Lineage) between them.
 * Load balancers send Root alone: the trace goes on without a parent. docs.aws.amazon.com/xray, "Tracing header".
 */
export const xray: HeaderFormat = {
  fields: [name],
  read(headers) {
    const text = one(headers, name)
    if (text === '') return undefined
    const parts = new Map<string, string>()
    for (const part of text.split(';')) {
      const at = part.indexOf('=')
      if (at > 0) parts.set(part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).trim())
    }
    const parent = parts.get('parent')
    const spanId = readSpanId(parent)
    if (parent !== undefined && parent !== '' && spanId === undefined) return undefined
    return carriedOf(rootOf(parts.get('root') ?? ''), spanId, sampledOf(parts.get('sampled')))
  },
  write({ traceId, spanId, sampled }, set) {
    const root = `1-${traceId.slice(0, 8)}-${traceId.slice(8)}`
    set(name, `Root=${root};Parent=${spanId};Sampled=${sampled ? 1 : 0}`)
  }
}

function rootOf(root: string): TraceId | undefined {
  const found = /^1-([\da-f]{8})-([\da-f]{24})$/i.exec(root)
  return found === null ? undefined : readTraceId(`${found[1]}${found[2]}`)
}

function sampledOf(text: string | undefined): boolean | undefined {
  return text === '1' ? true : text === '0' ? false : undefined
}
