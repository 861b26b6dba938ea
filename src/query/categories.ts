import { getAttribute, getString, layerType } from '../base/attributes.ts'
import { type SpanData, SpanKind } from '../base/span-data.ts'
import type { Category } from '../wire/trace.ts'

const caches: ReadonlySet<string> = new Set([
  'redis',
  'memcached',
  'valkey',
  'hazelcast',
  'ehcache'
])

// Instrumentations of Node's own input and output have no attributes in common, but telling names.
const ioScope = /instrumentation-(?:fs|dns|net)$/
const ioName = /^(?:fs|dns|tcp|tls|net)[ .]/i

/** What a span is about: by the attributes of the semantic conventions, old names included, else by its kind. */
export function categoryOf(span: SpanData): Category {
  const { attributes, kind } = span
  let http = false
  for (let i = 0; i < attributes.length; i += 2) {
    switch (attributes[i]) {
      case 'db.system.name':
      case 'db.system':
        return caches.has(String(attributes[i + 1])) ? 'cache' : 'db'
      case 'messaging.system':
        return 'queue'
      case 'rpc.system':
      case 'rpc.system.name':
        return 'rpc'
      case 'http.request.method':
      case 'http.method':
        http = true
    }
  }
  if (kind === SpanKind.server) return 'http-in'
  if (kind === SpanKind.producer || kind === SpanKind.consumer) return 'queue'
  if (kind === SpanKind.client) return http ? 'http-out' : 'io'
  return ioScope.test(span.scope.name) || ioName.test(span.name) ? 'io' : 'internal'
}

/** Whether a span is a middleware, router or handler of a framework. */
export function isLayer({ kind, attributes }: SpanData): boolean {
  if (kind !== SpanKind.internal) return false
  for (let i = 0; i < attributes.length; i += 2)
    if (layerType.test(attributes[i] as string)) return true
  return false
}

/** The database a span calls; '' when it calls none. */
export function databaseOf(span: SpanData): string {
  if (span.kind !== SpanKind.client) return ''
  return getString(span.attributes, 'db.system.name') || getString(span.attributes, 'db.system')
}

/** Where a client span goes, as far as it says: `host:port`, a queue's system, a peer's name or bare address; '' when it does not. */
export function peerOf(span: SpanData): string {
  const host =
    getString(span.attributes, 'server.address') || getString(span.attributes, 'net.peer.name')
  const port =
    getAttribute(span.attributes, 'server.port') ?? getAttribute(span.attributes, 'net.peer.port')
  if (host !== '') return port === undefined ? host : `${host}:${String(port)}`
  return (
    getString(span.attributes, 'peer.service') ||
    getString(span.attributes, 'messaging.system') ||
    getString(span.attributes, 'rpc.service') ||
    getString(span.attributes, 'network.peer.address')
  )
}
