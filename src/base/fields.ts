/**
 * A field of a parsed JSON value of any kind. What is inherited shows through where the field is absent, so every reader checks the type;
 * asking for own properties only would double the time that decoding takes.
 */
export function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Record<string, unknown>)[name]
    : undefined
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** An unsigned 32-bit count; 0 for anything else. */
export function count(value: unknown): number {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value
  return Number.isInteger(number) && (number as number) > 0
    ? Math.min(number as number, 0xffffffff)
    : 0
}

/** An enum's number, given as such (as OTLP demands) or by its name (as generic protobuf printers do); 0 for anything else. */
export function enumOf(value: unknown, names: readonly string[]): number {
  const number = typeof value === 'string' ? names.indexOf(value) : value
  return typeof number === 'number' && names[number] !== undefined ? number : 0
}

const maxNanos = 2n ** 64n - 1n

/** Nanoseconds since 1970: a fixed64, from JSON as a string or, as JavaScript exporters send it, a number. */
export function nanos(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value
  const isTime = typeof value === 'string' ? /^\d{1,20}$/.test(value) : Number.isInteger(value)
  if (!isTime) return undefined
  const time = BigInt(value as string | number)
  return time >= 0n && time <= maxNanos ? time : undefined
}
