import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

interface Locked {
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  resolved?: string
}

type Packages = Record<string, Locked>

const root = join(import.meta.dirname, '../..')
const lockOf = (folder: string): Packages =>
  (
    JSON.parse(readFileSync(join(root, folder, 'package-lock.json'), 'utf8')) as {
      packages: Packages
    }
  ).packages

/** Whether a package that stands at `path` finds `name` as Node does: beside itself, or in a folder above. */
function finds(packages: Packages, path: string, name: string): boolean {
  if (`${path === '' ? '' : `${path}/`}node_modules/${name}` in packages) return true
  if (path === '') return false
  return finds(packages, path.slice(0, Math.max(path.lastIndexOf('/node_modules/'), 0)), name)
}

// npm install leaves out what the registry does not have for other platforms; npm ci then refuses the whole file.
it.each(['', 'test/libraries', 'test/bench/peers'])(
  'the lock file in "%s" has every package that one in it asks for, those of other platforms too',
  (folder) => {
    const packages = lockOf(folder)
    const missing = Object.entries(packages).flatMap(([path, locked]) =>
      Object.keys({
        ...locked.dependencies,
        ...locked.devDependencies,
        ...locked.optionalDependencies
      })
        .filter((name) => !finds(packages, path, name))
        .map((name) => `${name}, for ${path || 'us'}`)
    )
    expect(missing).toEqual([])
    expect(Object.keys(packages).length).toBeGreaterThan(100)
  }
)

it.each(['test/libraries', 'test/bench/peers'])(
  'what "%s" asks for is exactly what is locked, from any registry',
  (folder) => {
    const file = join(root, folder, 'package.json')
    const { dependencies } = JSON.parse(readFileSync(file, 'utf8')) as Locked
    const packages = lockOf(folder)
    expect(packages['']?.dependencies).toEqual(dependencies)
    for (const version of Object.values(dependencies ?? {}))
      expect(version).toMatch(/^(?:npm:[^@]+@)?\d+\.\d+\.\d+$/)
    expect(Object.entries(packages).filter(([, { resolved }]) => resolved !== undefined)).toEqual(
      []
    )
  }
)
