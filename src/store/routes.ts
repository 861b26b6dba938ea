const slash = 47
const colon = 58
// More are so rare that they are not worth a code.
const maxParameters = 2

/**
 * A path that a route has answered is the route with its parameters filled in: only what they were filled with has to be written, which
 * saves a sixth of what an HTTP span takes. A parameter is `:name` from one slash to the next, and its value has no slash, so that a text
 * without slashes is found in the bytes all the same.
 */
export class RouteMatch {
  /** Where the parameters' values begin and end in the path that was matched last. */
  readonly bounds: Int32Array = new Int32Array(maxParameters * 2)

  /** The number of parameters, 1 or 2; 0 when the path does not follow from the route. */
  match(route: string, path: string): number {
    const bounds = this.bounds
    let count = 0
    let j = 0
    for (let i = 0; i < route.length; i++, j++) {
      const code = route.charCodeAt(i)
      if (code !== colon || i === 0 || route.charCodeAt(i - 1) !== slash) {
        if (path.charCodeAt(j) !== code) return 0
        continue
      }
      if (count === maxParameters) return 0
      while (i + 1 < route.length && route.charCodeAt(i + 1) !== slash)
        if (!isNameCode(route.charCodeAt(++i))) return 0
      bounds[count * 2] = j
      while (j < path.length && path.charCodeAt(j) !== slash) j++
      if (j === bounds[count * 2]) return 0
      bounds[count * 2 + 1] = j--
      count++
    }
    return j === path.length ? count : 0
  }
}

/** The path again. */
export function fillRoute(route: string, values: readonly string[]): string {
  let path = ''
  let from = 0
  for (const value of values) {
    const colonAt = route.indexOf('/:', from) + 1
    path += route.slice(from, colonAt) + value
    const end = route.indexOf('/', colonAt)
    from = end < 0 ? route.length : end
  }
  return path + route.slice(from)
}

// Letters, digits and _: a pattern or a modifier in a route means more than "one segment of the path".
function isNameCode(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 65 && code <= 90) ||
    (code >= 48 && code <= 57) ||
    code === 95
  )
}
