import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

export const root: string = resolve(import.meta.dirname, '../..')

interface Manifest {
  name: string
  version: string
  bin: Record<string, string>
  exports: Record<string, string | { types: string; default: string }>
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
  peerDependencies: Record<string, string>
  peerDependenciesMeta: Record<string, { optional: boolean }>
}

export const manifest: Manifest = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8')
) as Manifest

/** Entries that are modules, by the name that a user imports. */
export const entries: readonly (readonly [string, { types: string; default: string }])[] =
  Object.entries(manifest.exports).flatMap(([path, target]) =>
    typeof target === 'string' ? [] : [[path.replace('.', manifest.name), target] as const]
  )
