import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** The little of the API's trace module that registration needs. */
export interface ApiCopy {
  readonly trace: {
    setGlobalTracerProvider(provider: unknown): boolean
    getTracerProvider(): { getDelegate?(): unknown }
    disable(): void
  }
}

export interface Copies {
  /** Version of the copy that the application resolves; undefined when it has none. */
  readonly version: string | undefined
  /** Copies that are loaded already, the application's first. */
  readonly loaded: readonly ApiCopy[]
  /** The application's copy for `import`, where that is another instance (API 1.10); loads it when it was not. */
  readonly imported: (() => Promise<unknown>) | undefined
}

const name = '@opentelemetry/api'
const loadedFile =
  /[\\/]@opentelemetry[\\/]api[\\/](?:build[\\/]src[\\/]index\.js|dist[\\/]index\.cjs)$/

/**
 * Finds the application's copy of the API, and those of its packages that are loaded. None is loaded just to look: it takes 10 to 30 ms,
 * and a copy that is loaded later finds the registration by itself. Only tracers that are already handed out need their copy told.
 */
export function findCopies(appRequire?: NodeJS.Require): Copies {
  for (const root of appRequire === undefined ? roots() : [appRequire]) {
    const file = quietly(() => root.resolve(name))
    if (file === undefined) continue
    return {
      version: quietly(() => versionAbove(file)),
      loaded: loadedCopies(root, file),
      imported: importOf(root, file)
    }
  }
  const any = quietly(() => createRequire(import.meta.url))
  return {
    version: undefined,
    loaded: any === undefined ? [] : loadedCopies(any),
    imported: undefined
  }
}

// The started script first, then the working directory: a process manager starts scripts that are not the application's.
function roots(): NodeJS.Require[] {
  const files = [process.argv[1], quietly(() => join(process.cwd(), 'index.js'))]
  return files.flatMap((file) => {
    const root = file === undefined ? undefined : quietly(() => createRequire(file))
    return root === undefined ? [] : [root]
  })
}

function loadedCopies(root: NodeJS.Require, first?: string): ApiCopy[] {
  const files = Object.keys(root.cache).filter((file) => file !== first && loadedFile.test(file))
  if (first !== undefined) files.unshift(first)
  const copies = files.map((file) => root.cache[file]?.exports as unknown)
  return copies.filter(isCopy)
}

// An application that was started as CommonJS has the copy that `require` gives.
function importOf(root: NodeJS.Require, file: string): Copies['imported'] {
  if (!file.endsWith('index.cjs') || root.main !== undefined) return undefined
  const url = pathToFileURL(file.replace(/cjs$/, 'mjs')).href
  return () => import(url)
}

export function isCopy(value: unknown): value is ApiCopy {
  const trace = quietly(() => (value as Partial<ApiCopy>).trace)
  return typeof trace?.setGlobalTracerProvider === 'function' && typeof trace.disable === 'function'
}

function versionAbove(file: string): string | undefined {
  let folder = dirname(file)
  for (let up = 0; up < 4; up++, folder = dirname(folder)) {
    const found = quietly(() => readFileSync(join(folder, 'package.json'), 'utf8'))
    const manifest = found === undefined ? {} : (JSON.parse(found) as Record<string, unknown>)
    if (manifest['name'] === name) return String(manifest['version'])
  }
  return undefined
}

// Resolving runs into whatever the host's file system and loaders hold: broken links, no permission, patched resolvers.
function quietly<T>(fn: () => T): T | undefined {
  try {
    return fn()
  } catch {
    return undefined
  }
}
