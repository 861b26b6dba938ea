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
  const clean = rules.redactor.attribute(name, value)
  if (clean === undefined) return false
  for (let i = 0; i < attributes.length; i += 2) {
    if (attributes[i] === name) {
      attributes[i + 1] = clean
      return true
    }
  }
  if (attributes.length >= most) return false
  attributes.push(name, clean)
  return true
}
