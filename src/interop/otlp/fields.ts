/** A field of a parsed JSON value of any kind. */
export function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined
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

/** Nanoseconds since 1970: a fixed64, as a string or, as JavaScript exporters send it, a number. */
export function nanos(value: unknown): bigint | undefined {
  if (typeof value === 'string') return /^\d{1,20}$/.test(value) ? BigInt(value) : undefined
  return Number.isInteger(value) && (value as number) >= 0 ? BigInt(value as number) : undefined
}
