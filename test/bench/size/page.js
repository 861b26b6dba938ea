import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { root } from '../build.js'

const folder = join(root, 'dist/ui')
// What the chunks are for; each is called as the file that it begins with.
const uses = {
  cpu: 'a CPU profile',
  'import-dialog': 'an import',
  map: 'the map',
  menu: 'exporting',
  page: 'a trace',
  scatter: 'the chart',
  selection: 'a selection',
  sql: 'statements'
}

/** Bytes of the page, gzipped as they are sent: what a browser loads before the list stands, and each file that it loads later. */
export function pageBytes() {
  const first = firstLoad()
  const assets = readdirSync(join(folder, 'assets')).filter((name) => /\.(?:js|css)$/.test(name))
  const lazy = assets
    // What some of them share is a few hundred bytes.
    .filter((name) => !first.has(`assets/${name}`) && !name.startsWith('chunk-'))
    .map((name) => ({ name: useOf(name), bytes: gzipped(`assets/${name}`) }))
  return {
    first: [...first].reduce((sum, name) => sum + gzipped(name), 0),
    files: first.size,
    lazy
  }
}

// What index.html names, and what those files import with no `import()`.
function firstLoad() {
  const found = new Set(['index.html'])
  const html = read('index.html')
  const open = [...html.matchAll(/(?:src|href)="((?:assets\/)[^"]+)"/g)].map(([, name]) => name)
  while (open.length > 0) {
    const name = open.pop()
    if (found.has(name) || !existsSync(join(folder, name))) continue
    found.add(name)
    if (!name.endsWith('.js')) continue
    for (const [, path] of read(name).matchAll(/(?:\bfrom|\bimport)\s*"\.\/([^"]+)"/g))
      open.push(`assets/${basename(path)}`)
  }
  if (found.size < 3) throw new Error('the page names none of its files')
  return found
}

// Without the hash, which would be another in each version.
function useOf(file) {
  const name = file.replace(/-\w{8}\.\w+$/, '')
  return uses[name] ?? name
}

function gzipped(name) {
  const packed = join(folder, `${name}.gz`)
  return existsSync(packed)
    ? readFileSync(packed).length
    : gzipSync(read(name), { level: 9 }).length
}

function read(name) {
  return readFileSync(join(folder, name), 'utf8')
}
