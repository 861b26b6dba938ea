/** What an attribute may hold: OpenTelemetry's attribute values, arrays of one kind only. */
export type AttributeValue =
  | string
  | number
  | boolean
  | readonly string[]
  | readonly number[]
  | readonly boolean[]

/**
 * Attributes, flat: key, value, key, value ... in the order they were set. Flat because it is half the memory of an object, has no
 * prototype to pollute (a key may be `__proto__`), and is what the codec reads. Keys are unique.
 */
export type Attributes = (string | AttributeValue)[]

/** What a layer of a framework says of itself: by ours, and by the instrumentations of OpenTelemetry. */
export const layerType: RegExp = /^(?:connect|express|fastify|hapi|koa|nestjs|restify)\.type$/

export function getAttribute(
  attributes: readonly (string | AttributeValue)[],
  key: string
): AttributeValue | undefined {
  for (let i = 0; i < attributes.length; i += 2) if (attributes[i] === key) return attributes[i + 1]
  return undefined
}

/** The key's string value, or '' where it is absent or of another kind. */
export function getString(attributes: readonly (string | AttributeValue)[], key: string): string {
  const value = getAttribute(attributes, key)
  return typeof value === 'string' ? value : ''
}
