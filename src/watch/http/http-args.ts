/** The arguments of `http.request`, `http.get` and their https twins, read the way Node reads them. */
export interface RequestArgs {
  readonly method: string
  /** The port that was asked for; undefined when it is the scheme's or the agent's own. */
  readonly port: number | undefined
  /** The arguments to call with instead, carrying more headers; the caller's own objects stay as they are. */
  withHeaders(headers: readonly (readonly [string, string])[]): unknown[]
}

type Bag = Record<string, unknown>

/**
 * Reads `(url, options?, callback?)` and `(options, callback?)`. Headers have to be put into the arguments: with raw header arrays or
 * `Expect: 100-continue` they are rendered before `request()` returns.
 */
export function readRequestArgs(args: readonly unknown[]): RequestArgs {
  const url = readUrl(args[0])
  const at = url === undefined ? 0 : 1
  const given = args[at]
  const options: Bag = isBag(given) ? given : {}
  // What the user set on a URL object counts as an option too (urlToHttpOptions).
  const all: Bag = { ...url, ...options }
  const { method } = all
  const port = Number(options.port || url?.port || 0)
  return {
    method: typeof method === 'string' && method !== '' ? method.toUpperCase() : 'GET',
    port: port > 0 ? port : undefined,
    withHeaders(extra) {
      const headers = extra.length === 0 ? undefined : addHeaders(all.headers, extra)
      // Arguments that Node will refuse are left for it to refuse.
      if (headers === undefined || !replaceable(given)) return [...args]
      const rest = args.slice(typeof given === 'function' ? at : at + 1)
      // Node copies own enumerable properties too: this copy means the same to it.
      return [...args.slice(0, at), { ...options, headers }, ...rest]
    }
  }
}

function replaceable(given: unknown): boolean {
  return given === undefined || given === null || typeof given === 'function' || isBag(given)
}

function isBag(value: unknown): value is Bag {
  return typeof value === 'object' && value !== null
}

// Node takes foreign URL classes for URLs by these four properties (lib/internal/url.js, isURL).
function readUrl(value: unknown): Bag | undefined {
  if (typeof value === 'string') return URL.canParse(value) ? { port: new URL(value).port } : {}
  if (!isBag(value) || !value.href || !value.protocol) return undefined
  const isUrl = value.auth === undefined && value.path === undefined
  return isUrl ? { ...value, port: value.port } : undefined
}

function addHeaders(headers: unknown, extra: readonly (readonly [string, string])[]): unknown {
  const names = new Set(extra.map(([name]) => name))
  const ours = (name: unknown): boolean => typeof name === 'string' && names.has(name.toLowerCase())
  if (!headers) return Object.fromEntries(extra)
  if (Array.isArray(headers)) return addRaw(headers as unknown[], extra, ours)
  if (!isBag(headers)) return undefined
  const merged: Bag = {}
  for (const name of Object.keys(headers)) if (!ours(name)) merged[name] = headers[name]
  return Object.assign(merged, Object.fromEntries(extra))
}

/** Raw headers are `[name, value, ...]` or `[[name, value], ...]`. */
function addRaw(
  headers: readonly unknown[],
  extra: readonly (readonly [string, string])[],
  ours: (name: unknown) => boolean
): unknown {
  if (Array.isArray(headers[0]))
    return [...headers.filter((pair) => !(Array.isArray(pair) && ours(pair[0]))), ...extra]
  if (headers.length % 2 !== 0) return undefined
  const flat: unknown[] = []
  for (let i = 0; i < headers.length; i += 2)
    if (!ours(headers[i])) flat.push(headers[i], headers[i + 1])
  return [...flat, ...extra.flat()]
}
