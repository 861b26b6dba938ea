import type { Door } from './gate.ts'
import { ingestProtocols } from './ingest-protocols.ts'

/** An address below a mount path, taken apart without decoding anything. */
export interface Place {
  readonly door: Door
  /** What follows the mount path and its slash. */
  readonly path: string
  /** Without its question mark. */
  readonly query: string
}

/** What of the addresses below the mount path others decide. */
export interface Known {
  /** The page's files. */
  readonly isFile: (path: string) => boolean
  /** Addresses of other systems' APIs. */
  readonly isQuery: (path: string) => boolean
}

/** `rest` is what follows the mount path: '' or something that begins with `/` or `?`. */
export function placeOf(method: string, rest: string, known: Known): Place {
  const mark = rest.search(/[?#]/)
  const path = (mark === -1 ? rest : rest.slice(0, mark)).slice(1)
  const query = mark === -1 || rest[mark] === '#' ? '' : rest.slice(mark + 1)
  return { door: doorOf(method, path, known), path, query }
}

function doorOf(method: string, path: string, { isFile, isQuery }: Known): Door {
  // Zipkin has one address for both: spans are posted there, and names of spans asked for.
  if (isQuery(path) && (method !== 'POST' || !ingestProtocols.has(path))) return 'query'
  if (ingestProtocols.has(path)) return 'ingest'
  if (path === 'live') return 'live'
  if (path === 'api' || path.startsWith('api/') || path.startsWith('v1/')) return 'api'
  // A page that is out of date asks for files that are gone: it must not be given the shell for a script.
  return isFile(path) || /\.[a-z\d]{2,5}$/i.test(path) ? 'asset' : 'shell'
}

/**
 * Whether a mount path may stand in an address of ours. Most of it comes from the request where the host mounts below a parameter: only whole
 * segments of plain characters, so that `<base href>` can never name another site (`//evil`, `/\evil`) nor end its attribute.
 */
export function isPlainMount(mount: string): boolean {
  return mount.length <= 512 && /^(?:\/[\w.~!$()*+,;=:@%-]+)+$/.test(mount)
}
