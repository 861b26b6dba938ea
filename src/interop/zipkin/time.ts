/** Zipkin counts microseconds since 1970, which are exact numbers until the year 2255; as nanoseconds. Zero and less stand for none. */
export function nanosOf(micros: unknown): bigint | undefined {
  const number = Math.floor(
    Number(typeof micros === 'string' && micros !== '' ? micros : numberOf(micros))
  )
  return Number.isSafeInteger(number) && number > 0 ? BigInt(number) * 1000n : undefined
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : Number.NaN
}

/** A stored time in microseconds since 1970, at least 1: Zipkin reads a zero as no time at all. */
export function microsOf(epochMs: number, time: number): number {
  return Math.max(1, epochMs * 1000 + Math.floor(time / 1000))
}
