import type { Attributes } from '../../base/attributes.ts'
import { field, text } from '../../base/fields.ts'
import {
  type AttributeRules,
  plainValue,
  putReceived,
  type ReadAttributes
} from '../../trace/received-attributes.ts'
import { databases, type Name, platforms, resourceNames, spanNames } from './names.ts'

/** Attributes that are being read: redacted, limited, and what did not fit counted. */
class Reading {
  readonly attributes: Attributes = []
  dropped = 0
  readonly #rules: AttributeRules

  constructor(rules: AttributeRules) {
    this.#rules = rules
  }

  put(key: string, value: unknown): void {
    if (value === undefined || value === null || value === '') return
    const plain = plainValue(value, this.#rules.limits.arrayLength)
    const most = this.#rules.limits.attributes * 2
    if (plain === undefined || !putReceived(this.attributes, most, key, plain, this.#rules))
      this.dropped++
  }

  putAll(raw: unknown, names: readonly Name[]): void {
    for (const [path, key] of names) this.put(key, path.reduce(field, raw))
  }
}

/** Of a segment: who made it. */
export function resourceAttributes(raw: unknown, rules: AttributeRules): Attributes {
  const reading = new Reading(rules)
  reading.putAll(raw, resourceNames)
  const platform = platforms.get(field(raw, 'origin'))
  if (platform !== undefined) reading.put('cloud.provider', 'aws')
  reading.put('cloud.platform', platform)
  return reading.attributes
}

export function spanAttributes(
  raw: unknown,
  isServer: boolean,
  problem: string,
  rules: AttributeRules
): ReadAttributes {
  const reading = new Reading(rules)
  reading.putAll(raw, spanNames)
  putUrl(reading, text(field(field(field(raw, 'http'), 'request'), 'url')), isServer)
  putSql(reading, field(raw, 'sql'), rules)
  if (field(raw, 'namespace') === 'aws') {
    reading.put('rpc.system', 'aws-api')
    reading.put('rpc.service', field(raw, 'name'))
  }
  reading.put('aws.xray.problem', problem)
  const annotations = field(raw, 'annotations')
  const keys = keysOf(annotations)
  for (const key of keys) reading.put(key, field(annotations, key))
  // Which of the attributes are indexed, as OpenTelemetry's exporter to X-Ray reads it.
  if (keys.length > 0) reading.put('aws.xray.annotations', keys)
  putMetadata(reading, field(raw, 'metadata'), rules.limits.attributes)
  return reading
}

const absoluteUrl =
  /^(https?):\/\/(?:[^/?#]*@)?(\[[^\]/?#]*\]|[^:/?#]*)(?::(\d{1,5}))?([^?#]*)(?:\?([^#]*))?/i

const relativeUrl = /^([^?#]*)(?:\?([^#]*))?/

// Of a request that was served, the parts; of one that was made, the whole.
function putUrl(reading: Reading, url: string, isServer: boolean): void {
  if (!isServer) return reading.put('url.full', url)
  const parts = absoluteUrl.exec(url)
  if (parts === null) {
    // Some SDKs have the target of the request there.
    const [, path, query] = relativeUrl.exec(url) as RegExpExecArray
    reading.put('url.path', path)
    return reading.put('url.query', query)
  }
  const [, scheme = '', host, port, path, query] = parts
  reading.put('url.scheme', scheme.toLowerCase())
  reading.put('server.address', host)
  if (port !== undefined) reading.put('server.port', Number(port))
  reading.put('url.path', path || '/')
  reading.put('url.query', query)
}

function putSql(reading: Reading, sql: unknown, { redactor }: AttributeRules): void {
  if (typeof sql !== 'object' || sql === null) return
  const type = text(field(sql, 'database_type')).toLowerCase()
  reading.put('db.system.name', databases.get(type) ?? 'other_sql')
  reading.put('aws.xray.sql.url', redactor.url(text(field(sql, 'url'))))
}

const maxDepth = 4

interface Pending {
  readonly key: string
  readonly value: unknown
  readonly depth: number
}

// Any JSON: as an attribute for each value in it, `outer.inner`, so that each is redacted by its name. Without recursion.
function putMetadata(reading: Reading, metadata: unknown, limit: number): void {
  const pending: Pending[] = [{ key: 'aws.xray.metadata', value: metadata, depth: 0 }]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { key, value, depth } = next
    const isPlain =
      typeof value !== 'object' || (depth > 0 && plainValue(value, Infinity) !== undefined)
    if (isPlain) {
      reading.put(key, value)
      continue
    }
    const keys = keysOf(value)
    const kept = depth < maxDepth ? keys.slice(0, limit) : []
    reading.dropped += keys.length - kept.length
    for (const name of kept.reverse())
      pending.push({ key: `${key}.${name}`, value: field(value, name), depth: depth + 1 })
  }
}

function keysOf(value: unknown): string[] {
  return typeof value === 'object' && value !== null ? Object.keys(value) : []
}
