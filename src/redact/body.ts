import { clip } from '../base/limits.ts'
import { isCardNumber } from './cards.ts'
import type { KeyRules } from './keys.ts'
import { redacted } from './values.ts'

export interface BodyRules {
  readonly rules: KeyRules
  readonly text: (text: string, length: number) => string
  readonly query: (query: string) => string
}

/** Characters of a body that are kept. */
const maxKept = 8192
const maxDepth = 6

const isName = /^(?:name|key|field)$/i
const isValue = /^values?$/i

/**
 * A body of JSON or of a form as it may be stored: its values hidden by their names and their form, whatever the depth, and written anew;
 * undefined for any other type, and when it cannot be read: what is not understood cannot be cleaned (security.md 4.2.5).
 */
export function cleanBody(
  body: string,
  contentType: string,
  { rules, text, query }: BodyRules
): string | undefined {
  const type = (contentType.split(';', 1)[0] as string).trim().toLowerCase()
  if (type === 'application/x-www-form-urlencoded') return query(body) || undefined
  if (type !== 'application/json' && !/^application\/[\w.-]+\+json$/.test(type)) return undefined
  const document = parsed(body)
  if (document === undefined) return undefined
  const out: string[] = []
  write(document.value, 0)
  return clip(out.join(''), maxKept)

  // By hand: an object of ours would take the name `__proto__` for its prototype.
  function write(value: unknown, depth: number): void {
    if (typeof value === 'string') out.push(JSON.stringify(text(value, maxKept)))
    else if (typeof value === 'number' && isCardNumber(value)) hide()
    else if (typeof value !== 'object' || value === null) out.push(JSON.stringify(value))
    else if (depth === maxDepth) out.push('"..."')
    else if (Array.isArray(value)) list(value, depth + 1)
    else fields(value, depth + 1)
  }

  function list(items: readonly unknown[], depth: number): void {
    out.push('[')
    const [name] = items
    items.forEach((item, i) => {
      if (i > 0) out.push(',')
      // A pair: `["password", "..."]`.
      if (i === 1 && items.length === 2 && typeof name === 'string' && !isShown(name, item)) hide()
      else write(item, depth)
    })
    out.push(']')
  }

  function fields(object: object, depth: number): void {
    const entries = Object.entries(object)
    // A field of a form: `{ "name": "password", "value": "..." }`.
    const names = entries.filter(([name, value]) => isName.test(name) && typeof value === 'string')
    const isSecret = (value: unknown): boolean =>
      names.some(([, name]) => !isShown(name as string, value))
    out.push('{')
    entries.forEach(([name, value], i) => {
      out.push(i > 0 ? ',' : '', JSON.stringify(text(name, maxKept)), ':')
      if (!isShown(name, value) || (isValue.test(name) && isSecret(value))) hide()
      else write(value, depth)
    })
    out.push('}')
  }

  function hide(): void {
    out.push(JSON.stringify(redacted))
  }

  function isShown(name: string, value: unknown): boolean {
    const secrecy = rules.secrecy(name)
    if (secrecy === 'count') return typeof value === 'number'
    return secrecy === 'open' || typeof value === 'boolean' || value === null
  }
}

function parsed(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    return undefined
  }
}
