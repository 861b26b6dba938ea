import type { Attributes, AttributeValue } from '../../base/attributes.ts'
import { field, list } from '../../base/fields.ts'
import {
  type AttributeRules,
  putReceived,
  type ReadAttributes
} from '../../trace/received-attributes.ts'

type Scalar = string | number | boolean

interface Pending {
  readonly key: string
  readonly value: unknown
  readonly depth: number
}

// Below this depth of maps in maps nothing is kept; OTLP itself has no limit, and protobuf libraries fell over it (CVE-2026-44289).
const maxDepth = 4

/**
 * OTLP's list of KeyValue as flat attributes, redacted and limited. Maps are flattened to `outer.inner`, and lists that hold more than plain
 * values to `outer.0`; without recursion, as their depth is the sender's choice. A key that comes twice has its last value.
 * `extra` more than the limit are let through, for a caller that takes some out again.
 */
export function readAttributes(
  value: unknown,
  rules: AttributeRules,
  extra: number = 0
): ReadAttributes {
  const attributes: Attributes = []
  const most = (rules.limits.attributes + extra) * 2
  const items = list(value)
  let dropped = 0
  for (let i = 0; i < items.length; i++) {
    if (attributes.length >= most) return { attributes, dropped: dropped + items.length - i }
    const value = field(items[i], 'value')
    const key = field(items[i], 'key')
    const plain = plainOf(value, rules.limits.arrayLength)
    if (plain === undefined) dropped += flatten(attributes, most, items[i], rules)
    else if (!putReceived(attributes, most, typeof key === 'string' ? key : '', plain, rules))
      dropped++
  }
  return { attributes, dropped }
}

/** Puts what is in a map or a mixed list; gives the number of values that were dropped. */
function flatten(
  attributes: Attributes,
  most: number,
  item: unknown,
  rules: AttributeRules
): number {
  const pending: Pending[] = [pendingOf(item, '', 1)]
  let dropped = 0
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const plain = plainOf(next.value, rules.limits.arrayLength)
    if (plain !== undefined) {
      if (!putReceived(attributes, most, next.key, plain, rules)) dropped++
      continue
    }
    const children = next.depth < maxDepth ? childrenOf(next) : undefined
    if (children === undefined) dropped++
    else dropped += pushFirst(pending, children, rules.limits.attributes)
  }
  return dropped
}

// In reverse, as the last one pushed is read first. What is beyond the limit could not be kept anyway.
function pushFirst(pending: Pending[], children: readonly Pending[], limit: number): number {
  const kept = Math.min(children.length, limit)
  for (let i = kept - 1; i >= 0; i--) pending.push(children[i] as Pending)
  return children.length - kept
}

/** An AnyValue that is a plain value or a list of such; undefined for maps, mixed nestings, and what is no AnyValue. */
function plainOf(value: unknown, arrayLength: number): AttributeValue | undefined {
  const scalar = scalarOf(value)
  if (scalar !== undefined) return scalar
  const values = field(field(value, 'arrayValue'), 'values')
  if (values === undefined) return field(value, 'arrayValue') === undefined ? undefined : []
  const scalars: Scalar[] = []
  for (const item of list(values).slice(0, arrayLength)) {
    const one = scalarOf(item)
    if (one === undefined) return undefined
    scalars.push(one)
  }
  return uniform(scalars)
}

// An attribute's list has values of one kind; OTLP's may be mixed, and an integer beyond 2^53 has become a string.
function uniform(values: readonly Scalar[]): AttributeValue {
  const kind = typeof values[0]
  return values.every((value) => typeof value === kind)
    ? (values as AttributeValue)
    : values.map(String)
}

function scalarOf(value: unknown): Scalar | undefined {
  const string = field(value, 'stringValue')
  if (typeof string === 'string') return string
  const int = field(value, 'intValue')
  if (int !== undefined) return integer(int)
  const double = field(value, 'doubleValue')
  if (double !== undefined) return float(double)
  const bool = field(value, 'boolValue')
  if (typeof bool === 'boolean') return bool
  const bytes = field(value, 'bytesValue')
  return typeof bytes === 'string' ? bytes : undefined
}

/** An int64, as a number where that is exact, else as its digits. */
function integer(value: unknown): number | string | undefined {
  if (typeof value === 'string') {
    if (!/^-?\d{1,20}$/.test(value)) return undefined
    const number = Number(value)
    return Number.isSafeInteger(number) ? number || 0 : value
  }
  if (typeof value !== 'number') return undefined
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? String(BigInt(value)) : value
}

const namedFloats: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY
}

function float(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value !== 'string') return undefined
  if (Object.hasOwn(namedFloats, value)) return namedFloats[value]
  return value.length <= 64 && /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(value)
    ? Number(value)
    : undefined
}

function childrenOf(parent: Pending): readonly Pending[] | undefined {
  const map = field(field(parent.value, 'kvlistValue'), 'values')
  const depth = parent.depth + 1
  if (Array.isArray(map)) return map.map((item) => pendingOf(item, `${parent.key}.`, depth))
  const values = field(field(parent.value, 'arrayValue'), 'values')
  if (!Array.isArray(values)) return undefined
  return values.map((value, i) => ({ key: `${parent.key}.${i}`, value, depth }))
}

function pendingOf(item: unknown, prefix: string, depth: number): Pending {
  const key = field(item, 'key')
  const named = typeof key === 'string' && key !== ''
  return { key: named ? prefix + key : '', value: field(item, 'value'), depth }
}
