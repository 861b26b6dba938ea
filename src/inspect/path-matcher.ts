/**
 * Tells which paths a route may be meant for, before the framework has decided: `/orders/:id` takes `/orders/7`. Parts that are no
 * plain parameter (`*`, a regular expression, an optional group) take everything from there on; the route that the span gets
 * in the end has the last word.
 */
export function pathMatcher(route: string): (path: string) => boolean {
  const wanted = route.split('/')
  const open = wanted.findIndex((part) => !/^(?::\w+|[^:*{(?+]*)$/.test(part))
  const parts = open < 0 ? wanted : wanted.slice(0, open)
  return (path) => {
    const given = path.split('/')
    if (given.at(-1) === '' && parts.at(-1) !== '' && given.length > 1) given.pop()
    if (open < 0 ? given.length !== parts.length : given.length < parts.length) return false
    return parts.every((part, i) => (part.startsWith(':') ? given[i] !== '' : part === given[i]))
  }
}
