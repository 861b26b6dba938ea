import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, relative } from 'node:path'

const root = join(import.meta.dirname, '..')

/** A folder with a package.json of its own: packages that the repository does not depend on, each in exactly one version, from its lock. */
export function npmFolder(folder) {
  const manifest = (file) => JSON.parse(readFileSync(join(folder, file), 'utf8'))
  const wanted = manifest('package.json').dependencies
  const name = relative(root, folder)

  function installedVersion(dependency) {
    try {
      return manifest(join('node_modules', dependency, 'package.json')).version
    } catch {
      return undefined
    }
  }

  /** What is not installed as package.json says, if anything. */
  function missing() {
    const names = Object.keys(wanted).filter(
      // "npm:pg@8.0.3" is another version of one that stands there under its own name.
      (dependency) => installedVersion(dependency) !== wanted[dependency].split('@').at(-1)
    )
    return names.length > 0 ? `${names.join(', ')} not installed` : undefined
  }

  return {
    /** Requires one of the packages. */
    require: createRequire(join(folder, 'package.json')),
    missing,
    /** Sees to it that all are installed, without running a script of theirs; undefined, or why they are not. */
    install(say, why) {
      if (missing() === undefined) return undefined
      say(`${why}: npm ci --prefix ${name}`)
      const words = ['ci', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund']
      const { status, stderr, error } = spawnSync('npm', [...words, '--fetch-retries=1'], {
        encoding: 'utf8',
        timeout: 240_000
      })
      if (status === 0) return missing()
      const lines = (error?.message ?? stderr).split('\n').filter((line) => line.includes('error'))
      return `npm ci --prefix ${name} failed: ${lines.slice(0, 2).join('; ') || status}`
    },
    /** The version of each. */
    versions() {
      return Object.fromEntries(Object.keys(wanted).map((one) => [one, installedVersion(one)]))
    }
  }
}
