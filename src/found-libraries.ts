import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { readRegularFile } from './code/regular-file.ts'

// A manifest is a few kB; more than this is none of which a name and a version are worth reading.
const maxManifest = 1 << 20
const maxFolders = 32

interface Manifest {
  readonly version?: unknown
  readonly dependencies?: unknown
  readonly optionalDependencies?: unknown
  readonly peerDependencies?: unknown
}

/**
 * The libraries of the project among those that are known: what the nearest package.json above a folder depends on, and what the process has loaded.
 * Read when first asked for; nothing that a request says reaches a path.
 */
export class FoundLibraries {
  readonly #folder: string
  readonly #names: ReadonlySet<string>
  #depended: Promise<ReadonlyMap<string, string>> | undefined
  readonly #loaded = new Map<string, Promise<string>>()
  #files = 0

  constructor(folder: string, names: Iterable<string>) {
    this.#folder = folder
    this.#names = new Set(names)
  }

  /** Name and version of each; '' where the version could not be read. */
  async versions(): Promise<ReadonlyMap<string, string>> {
    this.#depended ??= dependencies(this.#folder, this.#names)
    const found = new Map(await this.#depended)
    this.#lookAtLoaded()
    for (const [name, version] of this.#loaded)
      found.set(name, (await version) || (found.get(name) ?? ''))
    return found
  }

  // CommonJS alone says what is loaded; of ES modules package.json speaks.
  #lookAtLoaded(): void {
    const files = Object.keys(createRequire(import.meta.url).cache)
    const { moduleLoadList = [] } = process as { readonly moduleLoadList?: readonly string[] }
    if (moduleLoadList.includes('NativeModule sqlite') && this.#names.has('node:sqlite'))
      this.#loaded.set('node:sqlite', Promise.resolve(process.versions.node))
    if (files.length === this.#files) return
    this.#files = files.length
    for (const file of files) {
      const [name, folder] = packageOf(file)
      if (!this.#names.has(name) || this.#loaded.has(name)) continue
      this.#loaded.set(name, versionIn(folder))
    }
  }
}

/** Of `/app/node_modules/@scope/name/lib/file.js` the name `@scope/name` and its folder. */
function packageOf(file: string): [name: string, folder: string] {
  const [, folder = '', name = ''] =
    /^(.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+))[\\/]/.exec(file) ?? []
  return [name.replace('\\', '/'), folder]
}

async function dependencies(
  start: string,
  names: ReadonlySet<string>
): Promise<ReadonlyMap<string, string>> {
  for (const folder of upwards(start)) {
    const manifest = await readManifest(folder)
    if (manifest === undefined) continue
    const wanted = new Set(
      [manifest.dependencies, manifest.optionalDependencies, manifest.peerDependencies]
        .flatMap((list) => (typeof list === 'object' && list !== null ? Object.keys(list) : []))
        .filter((name) => names.has(name))
    )
    return new Map(
      await Promise.all(
        [...wanted].map(async (name) => [name, await installed(folder, name)] as const)
      )
    )
  }
  return new Map()
}

/** The version that `require` would find: in the nearest node_modules that has the package. */
async function installed(start: string, name: string): Promise<string> {
  for (const folder of upwards(start)) {
    const version = await versionIn(join(folder, 'node_modules', name))
    if (version !== '') return version
  }
  return ''
}

async function versionIn(folder: string): Promise<string> {
  const version = (await readManifest(folder))?.version
  return typeof version === 'string' && /^\d[\w.+-]{0,63}$/.test(version) ? version : ''
}

async function readManifest(folder: string): Promise<Manifest | undefined> {
  // Nobody may be waiting yet for what is begun for all libraries at once: it must not reject.
  try {
    const file = await readRegularFile(join(folder, 'package.json'), maxManifest)
    const value: unknown = file && JSON.parse(file.text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

function* upwards(start: string): Generator<string> {
  let folder = start
  for (let i = 0; i < maxFolders; i++) {
    yield folder
    const above = dirname(folder)
    if (above === folder) return
    folder = above
  }
}
