// better-sqlite3 needs an addon that is built for one ABI of Node. Building it takes a minute: what was built is kept.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'

const here = import.meta.dirname
const built = join(here, 'node_modules/better-sqlite3/build/Release/better_sqlite3.node')
const cache = join(here, '../../node_modules/.cache/better-sqlite3')
const version = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8')).dependencies[
  'better-sqlite3'
]

/** Whether it has to be compiled for this Node. */
export function mustBuild(node = process.execPath) {
  return !loads(node) && !existsSync(kept(node))
}

/** Puts the addon for a Node in its place; undefined, or why it cannot be had. */
export function provideAddon(say, node = process.execPath) {
  if (loads(node)) return undefined
  const copy = kept(node)
  if (existsSync(copy)) {
    mkdirSync(dirname(built), { recursive: true })
    copyFileSync(copy, built)
    if (loads(node)) return undefined
  }
  say(`Building better-sqlite3 for Node ${ask(node, 'process.version')} ...`)
  const prefix = dirname(dirname(node))
  const headers = existsSync(join(prefix, 'include/node')) ? { npm_config_nodedir: prefix } : {}
  const { status, stderr, error } = spawnSync(
    'npm',
    ['rebuild', 'better-sqlite3', '--prefix', here, '--no-ignore-scripts'],
    {
      encoding: 'utf8',
      env: { ...process.env, ...headers, PATH: dirname(node) + delimiter + process.env.PATH },
      timeout: 10 * 60_000
    }
  )
  if (!loads(node)) {
    const lines = (error?.message ?? stderr).split('\n').filter((line) => /error/i.test(line))
    return `better-sqlite3 could not be built: ${lines.slice(0, 2).join('; ') || status}`
  }
  mkdirSync(cache, { recursive: true })
  copyFileSync(built, copy)
  return undefined
}

/** Why this process cannot use it, if so. */
export function addonProblem() {
  if (loads(process.execPath)) return undefined
  return `better-sqlite3 has no addon for Node ${process.version}`
}

function loads(node) {
  return ask(node, "new (require('better-sqlite3'))(':memory:').open") === 'true'
}

function kept(node) {
  const abi = ask(node, '[process.platform, process.arch, process.versions.modules].join("-")')
  return join(cache, `${version}-${abi}.node`)
}

function ask(node, expression) {
  return spawnSync(node, ['-p', expression], { cwd: here, encoding: 'utf8' }).stdout?.trim()
}
