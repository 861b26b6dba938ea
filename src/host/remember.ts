const maxRemembered = 64
const maxLength = 256

/**
 * The function with its results remembered for the few texts that come again and again: user agents, media types, host names. Bounded, and
 * only for texts that are no secret, as they are held here as they came.
 */
export function remembering<R>(fn: (text: string) => R): (text: string) => R {
  const results = new Map<string, R>()
  return (text) => {
    const found = results.get(text)
    if (found !== undefined) return found
    const result = fn(text)
    if (text.length <= maxLength) {
      if (results.size >= maxRemembered) results.clear()
      results.set(text, result)
    }
    return result
  }
}
