import { type Attributes, type AttributeValue, getAttribute } from '../base/attributes.ts'
import { type AttributeRules, putReceived } from './received-attributes.ts'

/** OpenTelemetry's names of before 2023, which most of its instrumentations in other languages send until they are told not to; and Brave's. */
const older: ReadonlySet<unknown> = new Set([
  'http.method',
  'http.status_code',
  'http.target',
  'http.url',
  'http.path'
])

/** How many attributes it adds at most, which do not count to the limit. */
export const olderHttp = 4

/** What lists, searches and figures read, where a sender has older names for it. What was sent stays as it is beside it. */
export function addHttp(attributes: Attributes, rules: AttributeRules): void {
  if (!attributes.some((key, i) => i % 2 === 0 && older.has(key))) return
  const get = (key: string): AttributeValue | undefined => getAttribute(attributes, key)
  const add = (key: string, value: AttributeValue | undefined): void => {
    if (value === undefined || value === '' || get(key) !== undefined) return
    putReceived(attributes, (rules.limits.attributes + olderHttp) * 2, key, value, rules)
  }
  const url = textOf(get('http.url'))
  add('http.request.method', get('http.method'))
  add('http.response.status_code', statusOf(get('http.status_code')))
  add('url.path', get('http.path') ?? pathOf(textOf(get('http.target')) || url))
  add('url.full', url)
}

// Some send it as text.
function statusOf(value: AttributeValue | undefined): AttributeValue | undefined {
  return typeof value === 'string' && /^\d{3}$/.test(value) ? Number(value) : value
}

function pathOf(url: string): string | undefined {
  return url === '' ? undefined : /^(?:[a-z]+:\/\/[^/?#]*)?([^?#]*)/i.exec(url)?.[1] || '/'
}

function textOf(value: AttributeValue | undefined): string {
  return typeof value === 'string' ? value : ''
}
