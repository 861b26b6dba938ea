import { savedPageId } from '../src/wire/saved.ts'

/** Which screen, with everything of it that can be linked to. */
export type Route =
  | { screen: 'list'; params: Params }
  | { screen: 'trace'; traceId: string; params: Params }
  | { screen: 'status'; params: Params }
  | { screen: 'map'; params: Params }
  | { screen: 'lost'; path: string; params: Params }

export type Params = Readonly<Record<string, string>>

// Where the page is a file, its data are in it, and its places are fragments of the file's address.
const isFile = document.getElementById(savedPageId) !== null

/** Path that the page is mounted under, with a slash at its end; the server writes it into `<base href>`. */
export const base: string = isFile ? '#/' : new URL('.', document.baseURI).pathname

/** Where the page is: a path of the server or a fragment of the file. */
export function address(): string {
  return isFile ? location.hash || base : location.pathname + location.search
}

/** `push` for going somewhere, `replace` for adjusting what is looked at; every write of the address says which. */
export type How = 'push' | 'replace'

/** Reads path and search of an address below `mount`. */
export function parseRoute(url: string, mount: string): Route {
  const [path = '', search = ''] = split(url, '?')
  const params = Object.fromEntries(new URLSearchParams(split(search, '#')[0]))
  const inside = `${path}/`.startsWith(mount) ? path.slice(mount.length) : path.slice(1)
  const parts = inside.split('/').filter(Boolean)
  if (parts.length === 0) return { screen: 'list', params }
  if (parts.length === 1 && (parts[0] === 'status' || parts[0] === 'map'))
    return { screen: parts[0], params }
  if (parts.length === 2 && parts[0] === 't' && parts[1] !== undefined && hexId.test(parts[1])) {
    return { screen: 'trace', traceId: parts[1].toLowerCase(), params }
  }
  return { screen: 'lost', path: inside, params }
}

/** The address of a screen below `mount`; parameters that are empty are left out. */
export function printRoute(route: Route, mount: string = base): string {
  const path =
    route.screen === 'list'
      ? ''
      : route.screen === 'trace'
        ? `t/${route.traceId}`
        : route.screen === 'lost'
          ? route.path
          : route.screen
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(route.params)) if (value !== '') search.set(key, value)
  const text = search.toString()
  return mount + path + (text && `?${text}`)
}

/** The address of a trace, absolute in its path, for `href`. */
export function traceHref(traceId: string, params: Params = {}): string {
  return printRoute({ screen: 'trace', traceId, params })
}

export function listHref(params: Params = {}): string {
  return printRoute({ screen: 'list', params })
}

export function statusHref(): string {
  return printRoute({ screen: 'status', params: {} })
}

export function mapHref(): string {
  return printRoute({ screen: 'map', params: {} })
}

type Navigate = (url: string, replace?: boolean) => void

// The location provider owns the history and hands its function over when it renders.
let navigate: Navigate = (url) => location.assign(url)

export function setNavigate(given: Navigate): void {
  navigate = given
}

/** Goes to a screen or an address of the page. */
export function go(target: Route | string, how: How): void {
  const url = typeof target === 'string' ? target : printRoute(target)
  if (url === address()) return
  navigate(url, how === 'replace')
}

/** Ids that the API knows: 16 or 32 hexadecimal digits. Anything else never reaches a request. */
const hexId = /^(?:[0-9a-f]{16}|[0-9a-f]{32})$/i

function split(text: string, at: string): string[] {
  const i = text.indexOf(at)
  return i < 0 ? [text] : [text.slice(0, i), text.slice(i + 1)]
}
