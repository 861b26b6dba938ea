import type { AttributeValue } from '../base/attributes.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'
import type { RouteMatch } from './routes.ts'
import { skipText, type StringWriter, textCode } from './strings.ts'

// First bytes of a value that is no text; strings.ts has the codes below.
const code = {
  /** The span's `http.route` with the values of its parameters, one or two, which follow as texts. */
  path1: 0xe2,
  path2: 0xe3,
  false: 0xe4,
  true: 0xe5,
  float: 0xe6,
  bytes2: 0xe7,
  bytes3: 0xe8,
  positive: 0xe9,
  negative: 0xea,
  list: 0xeb,
  /** And three more: the higher two of ten bits. */
  bits10: 0xec,
  small: 0xf0
} as const

/** Writes an attribute's value; `put` says how its texts are interned. What is no attribute value becomes an empty text. */
export function writeValue(out: ByteWriter, texts: StringWriter, value: AttributeValue): void {
  if (typeof value === 'string') texts.write(value)
  else if (typeof value === 'number') writeNumber(out, value)
  else writeOther(out, texts, value, false)
}

/** The same for a value that several records refer to. */
export function writeSharedValue(
  out: ByteWriter,
  texts: StringWriter,
  value: AttributeValue
): void {
  if (typeof value === 'string') texts.shared(value)
  else if (typeof value === 'number') writeNumber(out, value)
  else writeOther(out, texts, value, true)
}

function writeOther(
  out: ByteWriter,
  texts: StringWriter,
  value: Exclude<AttributeValue, string | number>,
  shared: boolean
): void {
  out.room(16)
  if (typeof value === 'boolean') {
    out.byte(value ? code.true : code.false)
  } else if (Array.isArray(value)) {
    out.byte(code.list)
    out.varint(value.length)
    // No lists in lists: a list that holds itself must not recurse.
    for (const item of value as readonly AttributeValue[]) {
      if (Array.isArray(item)) texts.write('')
      else if (shared) writeSharedValue(out, texts, item)
      else writeValue(out, texts, item)
    }
  } else {
    texts.write('')
  }
}

/** Whether the value that stands there is the id of a text, or a list of one such: bytes that mean the same wherever they stand in the segment. */
export function isId(bytes: Buffer, place: number): boolean {
  const text = bytes[place] === code.list && bytes[place + 1] === 1 ? place + 2 : place
  return (bytes[text] as number) < textCode.short
}

/** Writes a path by the route that answered it, if it follows from it. */
export function writePath(
  out: ByteWriter,
  texts: StringWriter,
  match: RouteMatch,
  path: AttributeValue,
  route: AttributeValue
): void {
  const whole = typeof path === 'string' && typeof route === 'string'
  const count = whole ? match.match(route, path) : 0
  if (count === 0) {
    writeValue(out, texts, path)
    return
  }
  out.room(16)
  out.byte(count === 1 ? code.path1 : code.path2)
  for (let i = 0; i < count * 2; i += 2)
    texts.writePart(path as string, match.bounds[i] as number, match.bounds[i + 1] as number)
}

/** At most 9 bytes; sizes, ports and status codes take 2 or 3. */
export function writeNumber(out: ByteWriter, value: number): void {
  out.room(16)
  if ((value | 0) === value && value > 0) {
    if (value < 16) {
      out.byte(code.small + value)
    } else if (value < 0x400) {
      out.byte(code.bits10 | (value >> 8))
      out.byte(value)
    } else if (value < 0x10000) {
      out.byte(code.bytes2)
      out.byte(value >> 8)
      out.byte(value)
    } else if (value < 0x1000000) {
      out.byte(code.bytes3)
      out.byte(value >> 16)
      out.byte(value >> 8)
      out.byte(value)
    } else {
      out.byte(code.positive)
      out.varint(value)
    }
  } else if (Object.is(value, 0)) {
    out.byte(code.small)
  } else if (Number.isSafeInteger(value) && value !== 0) {
    out.byte(value > 0 ? code.positive : code.negative)
    out.varint(Math.abs(value))
  } else {
    out.byte(code.float)
    out.float(value)
  }
}

/** Reads a value; `text` reads one whose first byte is a text's. */
export function readValue(from: ByteReader, text: () => string): AttributeValue {
  const first = from.bytes[from.at] as number
  if (first <= textCode.address) return text()
  from.at++
  if (first !== code.list) return readScalar(from, first)
  const list: AttributeValue[] = []
  for (let left = from.varint(); left > 0; left--) list.push(readValue(from, text))
  return list as unknown as AttributeValue
}

/**
 * Reads a value that writePath wrote, where it stands in pieces: the values of the parameters. Undefined, and nothing is read, when it is
 * written like any other.
 */
export function readParameters(from: ByteReader, text: () => string): string[] | undefined {
  const first = from.bytes[from.at]
  if (first !== code.path1 && first !== code.path2) return undefined
  from.at++
  return first === code.path1 ? [text()] : [text(), text()]
}

/** Moves behind a value. */
export function skipValue(from: ByteReader): void {
  const first = from.bytes[from.at] as number
  if (first <= textCode.address) {
    skipText(from)
    return
  }
  from.at++
  if (first === code.path1 || first === code.path2) {
    skipText(from)
    if (first === code.path2) skipText(from)
  } else if (first === code.list) {
    for (let left = from.varint(); left > 0; left--) skipValue(from)
  } else readScalar(from, first)
}

export function readNumber(from: ByteReader): number {
  const value = readScalar(from, from.byte())
  return typeof value === 'number' ? value : 0
}

function readScalar(from: ByteReader, first: number): number | boolean {
  if (first >= code.small) return first - code.small
  if (first >= code.bits10) return ((first & 3) << 8) | from.byte()
  switch (first) {
    case code.bytes2:
      return from.byte() * 0x100 + from.byte()
    case code.bytes3:
      return from.byte() * 0x10000 + from.byte() * 0x100 + from.byte()
    case code.positive:
      return from.varint()
    case code.negative:
      return -from.varint()
    case code.float:
      return from.float()
    default:
      return first === code.true
  }
}
