import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

interface Locked {
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
}

const file = join(import.meta.dirname, '../../package-lock.json')
const { packages } = JSON.parse(readFileSync(file, 'utf8')) as { packages: Record<string, Locked> }

/** Whether a package that stands at `path` finds `name` as Node does: beside itself, or in a folder above. */
function finds(path: string, name: string): boolean {
  if (`${path === '' ? '' : `${path}/`}node_modules/${name}` in packages) return true
  if (path === '') return false
  return finds(path.slice(0, Math.max(path.lastIndexOf('/node_modules/'), 0)), name)
}

// npm install leaves out what the registry does not have for other platforms; npm ci then refuses the whole file.
it('the lock file has every package that one in it asks for, those of other platforms too', () => {
  const missing = Object.entries(packages).flatMap(([path, locked]) =>
    Object.keys({
      ...locked.dependencies,
      ...locked.devDependencies,
      ...locked.optionalDependencies
    })
      .filter((name) => !finds(path, name))
      .map((name) => `${name}, for ${path || 'us'}`)
  )
  expect(missing).toEqual([])
  expect(Object.keys(packages).length).toBeGreaterThan(100)
})
