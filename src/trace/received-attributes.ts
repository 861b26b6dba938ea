import type { Attributes, AttributeValue } from '../base/attributes.ts'
import { clip, type Limits } from '../base/limits.ts'
import type { Redactor } from '../redact/redactor.ts'

export interface AttributeRules {
  readonly limits: Limits
  readonly redactor: Redactor
}

export interface ReadAttributes {
  readonly attributes: Attributes
  readonly dropped: number
}

/** Redacts and adds what somebody else sent; a key that comes twice has its last value. False when it is dropped: `most` items are there. */
export function putReceived(
  attributes: Attributes,
  most: number,
  key: string,
  value: AttributeValue,
  rules: AttributeRules
): boolean {
  if (key === '') return false
  const name = clip(key, rules.limits.keyLength)
  let at = 0
  while (at < attributes.length && attributes[at] !== name) at += 2
  // Before redaction, which takes seconds for all that one span may bring and nobody keeps.
  if (at >= most) return false
  const clean = rules.redactor.attribute(name, value)
  if (clean === undefined) return false
  attributes[at] = name
  attributes[at + 1] = clean
  return true
}

/** A plain value, or a list of plain values, which are made to be of one kind; undefined for anything else of JSON. */
export function plainValue(value: unknown, arrayLength: number): AttributeValue | undefined {
  if (isScalar(value)) return value
  if (!Array.isArray(value)) return undefined
  const items = value.slice(0, arrayLength) as unknown[]
  if (!items.every(isScalar)) return undefined
  const kind = typeof items[0]
  return items.every((item) => typeof item === kind) ? (items as string[]) : items.map(String)
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}
