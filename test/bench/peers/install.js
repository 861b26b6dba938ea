import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const here = import.meta.dirname
const wanted = manifest('package.json').dependencies

/** Requires one of the packages that Spanlight is only measured against. */
export const peer = createRequire(join(here, 'package.json'))

/** What is not installed as package.json says, if anything. */
export function missing() {
  const names = Object.keys(wanted).filter((name) => installedVersion(name) !== wanted[name])
  return names.length > 0 ? `${names.join(', ')} not installed` : undefined
}

/** Sees to it that all are; undefined, or why they are not. They are no dependencies of the repository: 130 MB that no test needs. */
export function install(say) {
  if (missing() === undefined) return undefined
  say('installing what only the bench needs: npm ci --prefix test/bench/peers')
  const words = ['ci', '--prefix', here, '--ignore-scripts', '--no-audit', '--no-fund']
  const { status, stderr, error } = spawnSync('npm', [...words, '--fetch-retries=1'], {
    encoding: 'utf8',
    timeout: 120_000
  })
  if (status === 0) return missing()
  const lines = (error?.message ?? stderr).split('\n').filter((line) => line.includes('error'))
  return `npm ci --prefix test/bench/peers failed: ${lines.slice(0, 2).join('; ') || status}`
}

/** The version of each. */
export function versions() {
  return Object.fromEntries(Object.keys(wanted).map((name) => [name, installedVersion(name)]))
}

function installedVersion(name) {
  try {
    return manifest(join('node_modules', name, 'package.json')).version
  } catch {
    return undefined
  }
}

function manifest(file) {
  return JSON.parse(readFileSync(join(here, file), 'utf8'))
}
