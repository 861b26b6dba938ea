import type { AttributeValue } from '../base/attributes.ts'
import { clip, detach, type Limits } from '../base/limits.ts'
import { isCardNumber } from './cards.ts'
import { cleanGraphql } from './graphql.ts'
import type { HeaderRule } from './headers.ts'
import type { KeyRules } from './keys.ts'
import type { Dialect } from './sql-text.ts'
import { hideValues, redacted } from './values.ts'

export interface AttributeSetup {
  readonly limits: Limits
  readonly rules: KeyRules
  readonly text: (text: string, length: number) => string
  readonly url: (url: string) => string
  readonly path: (path: string) => string
  readonly query: (query: string) => string
  readonly statement: (text: string, dialect: Dialect, parameterised: boolean) => string
  readonly headerRules: (name: string) => HeaderRule | undefined
}

export interface AttributeRules {
  readonly attribute: (key: string, value: unknown) => AttributeValue | undefined
  readonly header: (name: string, value: string) => string | undefined
}

/** What a key asks for: how its strings are cleaned and what becomes of its numbers; undefined for a key that is not stored. */
interface KeyRule {
  readonly string: (text: string) => string
  /** False when numbers under the key are hidden like its text. */
  readonly numbers: boolean
}

const maxRules = 2000
/** An array's items that are looked at: beyond it a sparse array of a billion holes would take seconds. */
const maxItems = 1024

/** Attributes and headers, by rules that are found once per name and then remembered. */
export function attributeRules(setup: AttributeSetup): AttributeRules {
  const { limits, rules } = setup
  const keys = new Map<string, KeyRule | undefined>()
  const headers = new Map<string, HeaderRule | undefined>()
  const byName = namedRules(setup)

  function ruleOf(key: string): KeyRule | undefined {
    const found = keys.get(key)
    if (found !== undefined || keys.has(key)) return found
    if (typeof key !== 'string' || key.length > limits.keyLength) return undefined
    return remember(keys, key, findRule(key))
  }

  function findRule(key: string): KeyRule | undefined {
    if (hideValues(key) !== key) return undefined
    const named = byName.get(key)
    if (named !== undefined) return { string: named, numbers: true }
    const name = /^http\.(?:request|response)\.header\.(.+)$/.exec(key)?.[1]
    if (name !== undefined) {
      const rule = headerRule(name)
      return rule && { string: (text) => clip(rule(text), limits.valueLength), numbers: true }
    }
    // Parameters of statements are never kept, whatever their name.
    const hidden = /^db\.(?:query|statement|operation)\.parameters?(?:\.|$)/.test(key)
    const secrecy = hidden ? 'secret' : rules.secrecy(key)
    if (secrecy === 'open')
      return { string: (text) => setup.text(text, limits.valueLength), numbers: true }
    return { string: () => redacted, numbers: secrecy === 'count' }
  }

  function headerRule(name: string): HeaderRule | undefined {
    const found = headers.get(name)
    if (found !== undefined || headers.has(name)) return found
    if (typeof name !== 'string' || name.length > limits.keyLength) return undefined
    return remember(headers, name, setup.headerRules(name))
  }

  function scalar(rule: KeyRule, value: unknown): string | number | boolean | undefined {
    switch (typeof value) {
      case 'string':
        // What a hidden number became must not be taken for an array, a name or a statement.
        return value === redacted ? value : rule.string(value)
      case 'number':
        return rule.numbers && !isCardNumber(value) ? value : redacted
      case 'bigint':
        return rule.numbers ? rule.string(String(value)) : redacted
      case 'boolean':
        return value
      default:
        return undefined
    }
  }

  // Items of the first one's kind; OpenTelemetry drops an array of several kinds whole. A hidden number hides its array.
  function list(rule: KeyRule, value: readonly unknown[]): AttributeValue | undefined {
    const items: (string | number | boolean)[] = []
    let kind = ''
    for (let i = 0; i < value.length && i < maxItems && items.length < limits.arrayLength; i++) {
      const item = value[i]
      if (item === null || item === undefined) continue
      if (kind !== '' && typeof item !== kind) return undefined
      kind = typeof item
      const clean = scalar(rule, item)
      if (clean === undefined) return undefined
      items.push(clean)
    }
    if (kind === 'number' && items.includes(redacted)) return redacted
    return items as AttributeValue
  }

  return {
    attribute(key, value) {
      const rule = ruleOf(key)
      if (rule === undefined) return undefined
      if (typeof value !== 'object') return scalar(rule, value)
      // A Proxy, or a getter at an index, may throw.
      try {
        return Array.isArray(value) ? list(rule, value) : undefined
      } catch {
        return undefined
      }
    },
    header(name, value) {
      const rule = headerRule(name)
      if (rule === undefined || typeof value !== 'string') return undefined
      const clean = clip(rule(value), limits.valueLength)
      return clean === value ? value : detach(clean)
    }
  }
}

// Names come from strangers too: beyond the bound all are forgotten, and found again.
function remember<T>(map: Map<string, T>, name: string, rule: T): T {
  if (map.size >= maxRules) map.clear()
  map.set(detach(name), rule)
  return rule
}

function namedRules(setup: AttributeSetup): Map<string, (text: string) => string> {
  const { limits, text, url, path, query, statement } = setup
  const sql = (value: string): string => statement(value, 'other', false)
  const message = (value: string): string => text(value, limits.messageLength)
  const document = (value: string): string =>
    text(cleanGraphql(value, limits.statementLength), limits.statementLength)
  return new Map([
    ['url.full', url],
    ['http.url', url],
    ['http.target', url],
    // Some senders put the whole target there.
    ['url.path', (value) => (/[?#]/.test(value) ? url(value) : path(value))],
    ['url.query', query],
    ['url.fragment', (value) => url(`#${value}`).slice(1)],
    ['db.query.text', sql],
    ['db.statement', sql],
    // Of Brave and OpenCensus.
    ['sql.query', sql],
    ['graphql.document', document],
    ['exception.message', message],
    ['error.message', message],
    ['exception.stacktrace', (value: string) => text(value, limits.stackLength)]
  ])
}
