import { isAbsolute, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where this package's own code lies; '' when an application has bundled it, whose own folder that would be. */
const home: string = /\/(?:src\/code|shared)\/[^/]+$/.test(import.meta.url)
  ? fileURLToPath(new URL('..', import.meta.url))
  : ''

/** The application's folder, and what belongs to it. */
export class Project {
  readonly root: string

  constructor(root: string) {
    this.root = root
  }

  /** A file of the program itself: not of a dependency, not of ours. */
  owns(path: string): boolean {
    return !/[\\/]node_modules[\\/]/.test(path) && (home === '' || !path.startsWith(home))
  }

  /** Whether a path leads into the project's folder, as it is written. */
  holds(path: string): boolean {
    const inside = relative(this.root, path)
    return inside !== '' && inside !== '..' && !inside.startsWith(`..${sep}`) && !isAbsolute(inside)
  }

  /** The path as it is stored and shown: an absolute one would tell a shared page the name of somebody's home. */
  shown(path: string): string {
    const short = relative(this.root, path)
    return sep === '/' ? short : short.replaceAll(sep, '/')
  }
}
