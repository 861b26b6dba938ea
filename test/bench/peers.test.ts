import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

interface Locked {
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  resolved?: string
}

const read = (file: string): unknown =>
  JSON.parse(readFileSync(join(import.meta.dirname, 'peers', file), 'utf8'))
const { dependencies } = read('package.json') as { dependencies: Record<string, string> }
const { packages } = read('package-lock.json') as { packages: Record<string, Locked> }

it('is measured against exact versions, the ones that are locked', () => {
  expect(packages['']?.dependencies).toEqual(dependencies)
  for (const version of Object.values(dependencies)) expect(version).toMatch(/^\d+\.\d+\.\d+$/)
})

it('can install them from any registry', () => {
  expect(Object.entries(packages).filter(([, { resolved }]) => resolved !== undefined)).toEqual([])
})

it('has in its lock file every package that one in it asks for', () => {
  const finds = (path: string, name: string): boolean =>
    `${path === '' ? '' : `${path}/`}node_modules/${name}` in packages ||
    (path !== '' && finds(path.slice(0, Math.max(path.lastIndexOf('/node_modules/'), 0)), name))
  const missing = Object.entries(packages).flatMap(([path, locked]) =>
    Object.keys({ ...locked.dependencies, ...locked.optionalDependencies })
      .filter((name) => !finds(path, name))
      .map((name) => `${name}, for ${path || 'us'}`)
  )
  expect(missing).toEqual([])
})
