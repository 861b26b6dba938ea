import type { RoutedRequest } from './route.ts'

/** Two patterns one after the other: `/api` and `/` is `/api`, nothing and `/` is `/`. */
export function joinPaths(base: string, path: string): string {
  if (base === '' || base === '/') return path === '' ? '/' : path
  if (path === '' || path === '/') return base
  return base.endsWith('/') && path.startsWith('/') ? base + path.slice(1) : base + path
}

/**
 * A path with the values of its parameters replaced by their names, for frameworks that keep the compiled pattern only: `/api/v1` with
 * `{ ver: 'v1' }` is `/api/:ver`. A parameter may be a part of a segment (`/v:n`) or several segments (`/*rest`); whole segments are
 * looked for first.
 */
export function fill(path: string, params: unknown): string {
  if (path === '' || typeof params !== 'object' || params === null) return path
  const names = Object.keys(params)
  if (names.length === 0) return path
  const segments = path.split('/')
  const taken = new Set<number>()
  const rest: [string, string][] = []
  for (const name of names) {
    const value = valueOf((params as Record<string, unknown>)[name])
    if (value === '') continue
    const at = segments.findIndex((segment, i) => !taken.has(i) && decoded(segment) === value)
    if (at < 0) rest.push([name, value])
    else {
      segments[at] = placeholder(name, false)
      taken.add(at)
    }
  }
  return rest.reduce(fillWithin, segments.join('/'))
}

/** A path with the value of a parameter replaced by its name: every segment that is the value, for which of them it was is not known. */
export function hideValue(path: string, name: string, given: unknown): string {
  const value = valueOf(given)
  if (value === '') return path
  const hidden = placeholder(name, value.includes('/'))
  const segments = path.split('/')
  const clean = segments.map((segment) => (decoded(segment) === value ? hidden : segment)).join('/')
  if (clean !== path) return clean
  return [value, encodeURIComponent(value), encodeURI(value)].reduce(
    (text, form) => text.replaceAll(form, hidden),
    path
  )
}

function fillWithin(path: string, [name, value]: [string, string]): string {
  const wide = value.includes('/')
  for (const text of [value, encodeURIComponent(value), encodeURI(value)]) {
    const at = path.indexOf(text)
    if (at >= 0) return path.slice(0, at) + placeholder(name, wide) + path.slice(at + text.length)
  }
  return path
}

// Unnamed parameters are numbered; they stand for a group of a pattern or for `*`.
function placeholder(name: string, wide: boolean): string {
  if (/^\d+$/.test(name)) return '*'
  return wide ? `*${name}` : `:${name}`
}

// A wildcard's value is an array of segments in Express 5.
function valueOf(value: unknown): string {
  if (Array.isArray(value)) return value.filter((part) => typeof part === 'string').join('/')
  return typeof value === 'string' ? value : ''
}

function decoded(segment: string): string {
  if (!segment.includes('%')) return segment
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

/** A route's path as it was written: text, a regular expression's source, or the one of several that fits the request. */
export function routeText(path: unknown, req: RoutedRequest | undefined): string {
  if (typeof path === 'string') return path
  if (!Array.isArray(path)) return String(path)
  const choices = path.flat(Infinity).map(String)
  const url = req?.url ?? ''
  const query = url.indexOf('?')
  const filled = fill(query < 0 ? url : url.slice(0, query), req?.params)
  return choices.includes(filled) ? filled : choices.join('|')
}
