import type { SpanDetail } from '../../src/wire/trace.ts'

/** Headers that curl makes itself, or that belong to one connection or to the trace that was recorded. */
const ownHeaders = new Set([
  'host',
  'content-length',
  'connection',
  'transfer-encoding',
  'traceparent',
  'tracestate'
])

/**
 * The request of a server or client span as a curl command for a POSIX shell: every part single-quoted, line breaks dropped, and what was
 * hidden stays hidden. Undefined when the span is no HTTP request.
 */
export function asCurl(span: SpanDetail): string | undefined {
  const attributes = new Map(span.attributes)
  const method =
    attributes.get('http.request.method_original') ?? attributes.get('http.request.method')
  const url = attributes.get('url.full') ?? serverUrl(attributes)
  if (typeof method !== 'string' || typeof url !== 'string') return undefined
  const parts = ['curl', ...methodOption(method), quote(url)]
  for (const [key, value] of span.attributes) {
    const name = /^http\.request\.header\.(.+)$/.exec(key)?.[1]
    if (name === undefined || ownHeaders.has(name)) continue
    for (const line of Array.isArray(value) ? value : [value])
      parts.push('-H', quote(`${name}: ${String(line)}`))
  }
  return parts.join(' ')
}

function methodOption(method: string): string[] {
  if (method === 'GET') return []
  return method === 'HEAD' ? ['--head'] : ['-X', quote(method)]
}

function serverUrl(attributes: ReadonlyMap<string, unknown>): string | undefined {
  const path = attributes.get('url.path')
  if (typeof path !== 'string') return undefined
  const scheme = attributes.get('url.scheme') === 'https' ? 'https' : 'http'
  const host = attributes.get('server.address')
  const port = attributes.get('server.port')
  const query = attributes.get('url.query')
  const authority = `${typeof host === 'string' ? host : 'localhost'}${typeof port === 'number' ? `:${port}` : ''}`
  return `${scheme}://${authority}${path}${typeof query === 'string' && query !== '' ? `?${query}` : ''}`
}

function quote(text: string): string {
  // oxlint-disable-next-line no-control-regex
  const line = text.replace(/[\u0000-\u001f\u007f]+/g, ' ')
  return `'${line.replaceAll("'", `'\\''`)}'`
}
