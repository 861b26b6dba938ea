const sliceLength = 4096
// A trace is two levels of objects around its columns; what lies deeper is small and left to JSON.stringify.
const maxDepth = 3

/**
 * JSON in pieces: JSON.stringify of an 80,000-span trace is tens of milliseconds in one go. Objects are taken apart field by field down to
 * the third level, and arrays by 4096 items; the pieces joined are what JSON.stringify gives.
 */
export function* encodeJson(value: unknown, depth = 0): Generator<string> {
  if (Array.isArray(value) && value.length > sliceLength) yield* encodeArray(value)
  else if (depth < maxDepth && isPlainObject(value)) yield* encodeObject(value, depth)
  else yield JSON.stringify(value) ?? 'null'
}

function* encodeArray(array: readonly unknown[]): Generator<string> {
  for (let i = 0; i < array.length; i += sliceLength) {
    const slice = JSON.stringify(array.slice(i, i + sliceLength)).slice(1, -1)
    yield (i === 0 ? '[' : ',') + slice
  }
  yield ']'
}

function* encodeObject(object: object, depth: number): Generator<string> {
  let before = '{'
  for (const [key, value] of Object.entries(object)) {
    if (value === undefined) continue
    yield `${before}${JSON.stringify(key)}:`
    before = ','
    yield* encodeJson(value, depth + 1)
  }
  yield before === '{' ? '{}' : '}'
}

function isPlainObject(value: unknown): value is object {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !('toJSON' in value)
  )
}
