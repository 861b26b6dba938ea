import type { AttributeValue } from '../base/attributes.ts'

/** What JSON can say of a value: it has no name for what is no number. */
export function jsonValue(value: AttributeValue): AttributeValue {
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value !== 'object') return value
  const strange = value.some((item) => typeof item === 'number' && !Number.isFinite(item))
  return strange ? value.map(String) : value
}
