import Module, { createRequire } from 'node:module'
import { sep } from 'node:path'
import { wrapMethod } from './watch/patch.ts'

const folder = `${sep}node_modules${sep}`

/**
 * Tells of packages as they are loaded: what their main file exports, before whoever asked for it gets it. Only of CommonJS, but whether by `require` or by
 * `import`: both go through this one method, once for each file. `loaded` must not throw. Gives the way back.
 */
export function followLoads(
  names: ReadonlySet<string>,
  loaded: (name: string, exports: unknown) => void
): () => void {
  const undo = wrapMethod(Module.prototype, 'load', (original, self, args) => {
    const result = Reflect.apply(original, self, args)
    const [filename] = args
    const name = typeof filename === 'string' ? packageOf(filename) : ''
    if (names.has(name) && isMain(filename as string, name)) loaded(name, (self as Module).exports)
    return result
  })
  return () => undo?.()
}

/** `/app/node_modules/@scope/name/lib/file.js` is of `@scope/name`, a file of the application of none. */
function packageOf(filename: string): string {
  const at = filename.lastIndexOf(folder)
  if (at < 0) return ''
  const parts = filename.slice(at + folder.length).split(sep, 2)
  return parts[0]?.startsWith('@') ? parts.join('/') : (parts[0] ?? '')
}

function isMain(filename: string, name: string): boolean {
  try {
    return createRequire(filename).resolve(name) === filename
  } catch {
    // A package whose main file cannot be found by its own name: nobody has loaded it by that.
    return false
  }
}

/** Node's own SQLite, if it is loaded: a module of Node's goes another way, and to ask for it would load it. */
export function loadedSqlite(): unknown {
  const { moduleLoadList } = process as { readonly moduleLoadList?: readonly string[] }
  return moduleLoadList?.includes('NativeModule sqlite') === true
    ? process.getBuiltinModule('node:sqlite')
    : undefined
}
