import type { Attributes } from '../../base/attributes.ts'
import {
  type AttributeRules,
  plainValue,
  putReceived,
  type ReadAttributes
} from '../../trace/received-attributes.ts'

/** How deep objects in objects are taken apart, to keys like `data.url`. */
const maxDepth = 4

/** The fields of an object as attributes, redacted and limited. */
export function readObject(value: unknown, rules: AttributeRules): ReadAttributes {
  const attributes: Attributes = []
  const dropped = putFields(attributes, '', value, 1, rules)
  return { attributes, dropped }
}

function putFields(
  attributes: Attributes,
  prefix: string,
  value: unknown,
  depth: number,
  rules: AttributeRules
): number {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 0
  const most = rules.limits.attributes * 2
  const entries: [string, unknown][] = Object.entries(value)
  let dropped = 0
  for (const [i, [key, item]] of entries.entries()) {
    if (attributes.length >= most) return dropped + entries.length - i
    const plain = plainValue(item, rules.limits.arrayLength)
    if (plain !== undefined) {
      if (!putReceived(attributes, most, prefix + key, plain, rules)) dropped++
    } else if (item === null || depth >= maxDepth) dropped++
    else dropped += putFields(attributes, `${prefix}${key}.`, item, depth + 1, rules)
  }
  return dropped
}
