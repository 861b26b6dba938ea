import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

// Of those that `hono` itself loads the very files: beside them stands an index that it does not load. To look for the ones of `hono/tiny`
// and `hono/quick` would load them in every other application.
const names = ['reg-exp-router', 'trie-router']

/**
 * The router classes of Hono, of which an application has a copy by `import` or by `require`. As no hook shows what is imported, they are imported, too,
 * where the program could have done so: an application of Hono has loaded them before its server is about to listen.
 */
export async function honoRouters(): Promise<unknown[]> {
  const loading = names.map(async (name) => {
    try {
      const require = createRequire(process.argv[1] ?? import.meta.url)
      require.resolve('@hono/node-server')
      const file = join(dirname(require.resolve(`hono/router/${name}`)), 'router.js')
      const required = require.cache[file]?.exports as object | undefined
      const url = pathToFileURL(file.replace(/([\\/]dist[\\/])cjs[\\/]/, '$1')).href
      return Object.values(required ?? ((await import(url)) as object)) as unknown[]
    } catch {
      // Not installed, or without this one.
      return []
    }
  })
  return (await Promise.all(loading)).flat()
}
