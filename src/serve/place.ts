import type { Door } from './gate.ts'

/** An address below a mount path, taken apart without decoding anything. */
export interface Place {
  readonly door: Door
  /** What follows the mount path and its slash. */
  readonly path: string
  /** Without its question mark. */
  readonly query: string
}

/** `rest` is what follows the mount path: '' or something that begins with `/` or `?`. `isFile` knows the page's files. */
export function placeOf(rest: string, isFile: (name: string) => boolean): Place {
  const mark = rest.search(/[?#]/)
  const path = (mark === -1 ? rest : rest.slice(0, mark)).slice(1)
  const query = mark === -1 || rest[mark] === '#' ? '' : rest.slice(mark + 1)
  return { door: doorOf(path, isFile), path, query }
}

function doorOf(path: string, isFile: (name: string) => boolean): Door {
  if (path === 'v1/traces') return 'ingest'
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
