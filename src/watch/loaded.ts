import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

interface LoadedFile {
  readonly exports: unknown
  readonly filename?: unknown
  require(path: string): unknown
}

/**
 * The files of a CommonJS package that the user has handed over, found by its exports among the files that are loaded; undefined where it was bundled
 * into another file. What a package exports can be names that are bound for good when they are imported: what its own files share can be wrapped all
 * the same.
 */
export function filesOf(module: object): ((path: string) => unknown) | undefined {
  const { cache } = createRequire(import.meta.url)
  for (const file of Object.values(cache) as (LoadedFile | undefined)[]) {
    if (file?.exports !== module || typeof file.filename !== 'string') continue
    const folder = dirname(file.filename)
    return (path) => file.require(join(folder, path))
  }
  return undefined
}

/** The module that was handed over, or what an ESM namespace of it has as its default: whichever has what is looked for. */
export function handedModule<T extends object>(
  module: unknown,
  isIt: (candidate: Partial<T>) => boolean
): T | undefined {
  if ((typeof module !== 'object' && typeof module !== 'function') || module === null)
    return undefined
  const inner: unknown = Reflect.get(module, 'default')
  return [inner, module].find(
    (candidate): candidate is T =>
      ((typeof candidate === 'object' && candidate !== null) || typeof candidate === 'function') &&
      isIt(candidate)
  )
}
