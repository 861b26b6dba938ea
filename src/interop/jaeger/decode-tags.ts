import type { Attributes, AttributeValue } from '../../base/attributes.ts'
import { field, list } from '../../base/fields.ts'
import {
  type AttributeRules,
  putReceived,
  type ReadAttributes
} from '../../trace/received-attributes.ts'

/** A list of tags as flat attributes, redacted and limited. `take` is asked first, and gives true for what it has use for. */
export function readTags(
  value: unknown,
  rules: AttributeRules,
  take: (key: string, value: AttributeValue) => boolean = () => false
): ReadAttributes {
  const attributes: Attributes = []
  const most = rules.limits.attributes * 2
  let dropped = 0
  for (const raw of list(value)) {
    const key = field(raw, 'key')
    const plain = valueOf(field(raw, 'type'), field(raw, 'value'))
    if (typeof key !== 'string' || plain === undefined) dropped++
    else if (!take(key, plain) && !putReceived(attributes, most, key, plain, rules)) dropped++
  }
  return { attributes, dropped }
}

/** The value in its type. Storages write all of them as text, binary ones are base64; a tag without a type is what its value is. */
function valueOf(type: unknown, value: unknown): AttributeValue | undefined {
  if (typeof value === 'string') {
    if (type === 'bool' && (value === 'true' || value === 'false')) return value === 'true'
    const isNumber = type === 'int64' || type === 'float64'
    return (isNumber ? numberOf(value) : undefined) ?? value
  }
  return typeof value === 'number' || typeof value === 'boolean' ? value : undefined
}

/** Undefined for what a number does not hold exactly, which stays its digits. */
function numberOf(text: string): number | undefined {
  if (text.length > 64 || !/^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(text)) return undefined
  const number = Number(text)
  return Number.isInteger(number) && !Number.isSafeInteger(number) ? undefined : number
}
