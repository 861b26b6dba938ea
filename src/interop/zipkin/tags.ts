import { type Attributes, type AttributeValue, getAttribute } from '../../base/attributes.ts'
import { count, field } from '../../base/fields.ts'
import { type Scope, StatusCode } from '../../base/span-data.ts'
import { droppedSpansKey, negativeKey } from '../../trace/own-names.ts'
import { olderHttp } from '../../trace/older-http.ts'
import { type AttributeRules, putReceived } from '../../trace/received-attributes.ts'
import {
  debugKey,
  droppedAttributesTag,
  droppedEventsTag,
  droppedLinksTag,
  errorTag,
  scopeTag,
  scopeVersionTag,
  statusTag
} from './names.ts'

/** What the tags of one span say, each under its own heading. */
export interface ReadTags {
  /** Who sent it, where nothing else tells. */
  readonly service: string
  readonly attributes: Attributes
  /** What OpenTelemetry's exporters put from the resource to the tags of each span. */
  readonly resource: Attributes
  readonly scope: Scope
  readonly status: StatusCode
  readonly statusMessage: string
  readonly droppedAttributes: number
  readonly droppedEvents: number
  readonly droppedLinks: number
  readonly droppedSpans: number
  readonly negative: boolean
}

const serviceName = 'service.name'

const resourceKey =
  /^(?:service|telemetry|host|os|process|container|k8s|cloud|deployment|device|faas|webengine)\./

/** Attributes that are numbers by OpenTelemetry's conventions, old names included; all tags are text. */
const numeric: ReadonlySet<string> = new Set([
  'http.response.status_code',
  'http.status_code',
  'http.request.body.size',
  'http.response.body.size',
  'http.request.size',
  'http.response.size',
  'http.request_content_length',
  'http.response_content_length',
  'http.request.resend_count',
  'server.port',
  'client.port',
  'network.peer.port',
  'network.local.port',
  'net.peer.port',
  'net.host.port',
  'rpc.grpc.status_code',
  'db.response.returned_rows',
  'db.operation.batch.size',
  'messaging.batch.message_count',
  'code.line.number',
  'thread.id'
])

/** Tags that become fields of the span are none of its attributes. */
const taken: ReadonlySet<string> = new Set([
  statusTag,
  errorTag,
  scopeTag,
  scopeVersionTag,
  droppedAttributesTag,
  droppedEventsTag,
  droppedLinksTag,
  droppedSpansKey,
  negativeKey,
  serviceName,
  // The scope's former name.
  'otel.library.name',
  'otel.library.version'
])

export function readTags(raw: unknown, rules: AttributeRules): ReadTags {
  const tags = isObject(raw) ? raw : {}
  const attributes: Attributes = []
  const resource: Attributes = []
  const most = rules.limits.attributes * 2
  let dropped = 0
  for (const key of Object.keys(tags)) {
    if (taken.has(key) && !(key === errorTag && tags[key] === 'false')) continue
    const value = valueOf(key, tags[key])
    const to = resourceKey.test(key) ? resource : attributes
    if (value === undefined || !putReceived(to, most, key, value, rules)) dropped++
  }
  const { redactor, limits } = rules
  const named = (...keys: string[]): string =>
    redactor.text(textOf(keys.map((key) => field(tags, key)).find(isText)), limits.nameLength)
  return {
    service: named(serviceName),
    attributes,
    resource,
    scope: {
      name: named(scopeTag, 'otel.library.name'),
      version: named(scopeVersionTag, 'otel.library.version')
    },
    ...readStatus(tags, rules),
    droppedAttributes: dropped + count(field(tags, droppedAttributesTag)),
    droppedEvents: count(field(tags, droppedEventsTag)),
    droppedLinks: count(field(tags, droppedLinksTag)),
    droppedSpans: count(field(tags, droppedSpansKey)),
    negative: textOf(field(tags, negativeKey)) === 'true'
  }
}

function readStatus(
  tags: object,
  { redactor, limits }: AttributeRules
): Pick<ReadTags, 'status' | 'statusMessage'> {
  const code = textOf(field(tags, statusTag)).toUpperCase()
  if (code === 'OK') return { status: StatusCode.ok, statusMessage: '' }
  // The tag alone makes an error of the span, whatever it says.
  const error = field(tags, errorTag)
  if (code !== 'ERROR' && (error === undefined || error === null || textOf(error) === 'false'))
    return { status: StatusCode.unset, statusMessage: '' }
  const message = textOf(error)
  const statusMessage = message === 'true' ? '' : redactor.text(message, limits.messageLength)
  return { status: StatusCode.error, statusMessage }
}

function valueOf(key: string, value: unknown): AttributeValue | undefined {
  if (typeof value !== 'string')
    return typeof value === 'number' || typeof value === 'boolean' ? value : undefined
  if (numeric.has(key) && /^\d{1,15}$/.test(value)) return Number(value)
  // Ours that are either there or not.
  return (key === 'spanlight.joined' || key === debugKey) && value === 'true' ? true : value
}

/**
 * The name of a span as OpenTelemetry would have it. Zipkin-js has the method of a request in nothing but the name, in lower case, as Zipkin has
 * all names.
 */
export function addMethod(attributes: Attributes, name: string, rules: AttributeRules): string {
  const isHttp = httpKeys.some((key) => getAttribute(attributes, key) !== undefined)
  const method = isHttp ? methods.exec(name)?.[0].toUpperCase() : undefined
  if (method === undefined) return name
  const key = 'http.request.method'
  if (getAttribute(attributes, key) === undefined)
    putReceived(attributes, (rules.limits.attributes + olderHttp) * 2, key, method, rules)
  return method + name.slice(method.length)
}

const httpKeys = ['http.path', 'http.target', 'http.url', 'http.status_code', 'http.route'] as const
const methods = /^(?:get|head|post|put|patch|delete|options|connect|trace)(?= |$)/i

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown): boolean {
  return textOf(value) !== ''
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number'
    ? String(value)
    : ''
}
