const maxRemembered = 64
const maxLength = 256

/**
 * The function with its results remembered for the few texts that come again and again: user agents, media types, host names. Bounded, and
 * only for texts that are no secret, as they are held here as they came.
 */
export function remembering<R>(fn: (text: string) => R): (text: string) => R {
  const results = new Map<string, R>()
  // A header is a new string in each request, and most are those of the request before: to compare 100 characters is ten times as fast as
  // to hash them.
  let last: string | undefined
  let lastResult: R
  return (text) => {
    if (text === last) return lastResult
    const found = results.get(text)
    const result = found ?? fn(text)
    if (text.length > maxLength) return result
    if (found === undefined) {
      if (results.size >= maxRemembered) results.clear()
      results.set(text, result)
    }
    last = text
    return (lastResult = result)
  }
}
