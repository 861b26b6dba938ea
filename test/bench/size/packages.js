import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../build.js'

/** What `npm install` of the packed package puts on a user's disk: packages and bytes, dependencies included. */
export function installed() {
  const folder = mkdtempSync(join(tmpdir(), 'spanlight-size-'))
  try {
    // Without scripts: what npm packs is what was built.
    const packed = JSON.parse(
      npm(root, 'pack', '--json', '--ignore-scripts', '--pack-destination', folder)
    )[0]
    writeFileSync(join(folder, 'package.json'), '{ "private": true }')
    const flags = [
      '--no-audit',
      '--no-fund',
      '--ignore-scripts',
      '--prefer-offline',
      '--fetch-retries=1'
    ]
    npm(folder, 'install', ...flags, join(folder, packed.filename))
    const modules = join(folder, 'node_modules')
    const names = packagesIn(modules)
    const bytes = names.reduce((sum, name) => sum + bytesOf(join(modules, name)), 0)
    return {
      packages: names.length,
      bytes,
      packed: packed.size,
      own: packed.unpackedSize,
      files: packed.entryCount
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function npm(cwd, ...words) {
  const { status, stdout, stderr } = spawnSync('npm', words, {
    cwd,
    encoding: 'utf8',
    timeout: 120_000
  })
  if (status !== 0) throw new Error(`npm ${words[0]} failed: ${stderr.slice(-500)}`)
  return stdout
}

function packagesIn(modules) {
  return readdirSync(modules).flatMap((name) => {
    if (name.startsWith('.')) return []
    if (name.startsWith('@'))
      return readdirSync(join(modules, name)).map((inner) => `${name}/${inner}`)
    return [name]
  })
}

/** The same of packages that a folder has installed, found from one to the next by what each says it depends on. */
export function closure(names, from) {
  const seen = new Map()
  const visit = (name, from) => {
    const folder = find(name, from)
    if (folder === undefined || seen.has(folder)) return
    seen.set(folder, bytesOf(folder))
    const { dependencies, optionalDependencies } = JSON.parse(
      readFileSync(join(folder, 'package.json'), 'utf8')
    )
    for (const dependency of Object.keys({ ...dependencies, ...optionalDependencies }))
      visit(dependency, folder)
  }
  for (const name of names) {
    if (find(name, from) === undefined) throw new Error(`${name} is not installed`)
    visit(name, from)
  }
  return { packages: seen.size, bytes: [...seen.values()].reduce((sum, bytes) => sum + bytes, 0) }
}

// By folder, because a package need not export its package.json.
function find(name, from) {
  const paths = createRequire(join(from, 'package.json')).resolve.paths(name) ?? []
  return paths
    .map((path) => join(path, name))
    .find((folder) => existsSync(join(folder, 'package.json')))
}

// Of the package alone: what is nested in it is counted where it is visited.
function bytesOf(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => name !== 'node_modules')
    .map((entry) => join(folder, entry.name))
    .reduce(
      (sum, path) => sum + (statSync(path).isDirectory() ? bytesOf(path) : statSync(path).size),
      0
    )
}
