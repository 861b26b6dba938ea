import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

/**
 * Ranks of the folders of src: data flows to higher ranks, imports point to lower ones. Files directly in src compose what is below them; the
 * command line, whose entry is `cli.ts`, stands above.
 */
const ranks: Record<string, number> = {
  base: 0,
  wire: 0,
  carrier: 1,
  context: 1,
  redact: 1,
  code: 1,
  span: 2,
  trace: 3,
  store: 4,
  query: 5,
  serve: 6,
  watch: 6,
  inspect: 6,
  runtime: 6,
  interop: 6,
  workers: 6,
  host: 7,
  // What it starts is composed of the same parts as what an application mounts.
  cli: 9
}
const compositionRank = 8

/** The room a file belongs to: its folder; of interop each subfolder is a room of its own. */
function roomOf(file: string): string {
  const [folder, second] = relative(join(root, 'src'), file).split('/') as [string, string?]
  if (second === undefined) return folder === 'cli.ts' ? 'cli' : '.'
  return folder === 'interop' ? `interop/${second}` : folder
}

function rankOf(room: string): number {
  return room === '.' ? compositionRank : (ranks[room.split('/')[0] as string] ?? Number.NaN)
}

function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(root, folder, name))
}

/** Every import and re-export of a file, dynamic ones included; of `require` those that name a package outright. */
function importsOf(file: string, types = true): string[] {
  const text = readFileSync(file, 'utf8').replace(/^\s*(?:\/\/|\/?\*).*$/gm, '')
  const statements = /^(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm
  const calls = /\b(?:import|createRequire\([^)]*\))\('([^']+)'\)/g
  return [
    ...[...text.matchAll(statements)]
      .filter((match) => types || match[1] === undefined)
      .map((match) => match[2] as string),
    ...[...text.matchAll(calls)].map((match) => match[1] as string)
  ]
}

const sources = filesBelow('src')

describe('the folders of src', () => {
  it('each have a rank', () => {
    expect(sources.map(roomOf).filter((room) => Number.isNaN(rankOf(room)))).toEqual([])
  })

  it('import only from lower ranks, never from a sibling', () => {
    const offending: string[] = []
    for (const file of sources) {
      for (const target of importsOf(file).filter((path) => path.startsWith('.'))) {
        const from = roomOf(file)
        const to = roomOf(resolve(dirname(file), target))
        if (from === to || rankOf(to) < rankOf(from)) continue
        offending.push(
          `${relative(root, file)} imports ${target}: '${to}' (rank ${rankOf(to)}) is not below '${from}' (rank ${rankOf(from)})`
        )
      }
    }
    expect(offending).toEqual([])
  })

  it('leave wire free of Node, of packages and of everything else in src', () => {
    const wire = sources.filter((file) => roomOf(file) === 'wire')
    expect(
      wire.flatMap((file) => importsOf(file)).filter((path) => !path.startsWith('./'))
    ).toEqual([])
  })

  it('use only ws and lru-cache of all packages', () => {
    const packages = new Set(
      sources
        .flatMap((file) => importsOf(file, false))
        .filter((path) => !path.startsWith('.') && !path.startsWith('node:'))
    )
    expect([...packages].sort()).toEqual(['lru-cache', 'ws'])
  })

  it('name of all other packages only types, in the entries made for them', () => {
    const typed = sources.flatMap((file) =>
      importsOf(file)
        .filter((path) => !/^(?:\.|node:|lru-cache$|ws$)/.test(path))
        .map((path) => `${relative(root, file)}: ${path}`)
    )
    expect(typed.sort()).toEqual(['src/express.ts: express', 'src/koa.ts: koa'])
  })
})

describe('the page', () => {
  it('imports of src only wire', () => {
    const offending = filesBelow('ui').flatMap((file) =>
      importsOf(file)
        .filter((path) => path.startsWith('.'))
        .map((path) => relative(root, resolve(dirname(file), path)))
        .filter((path) => !path.startsWith('ui/') && !path.startsWith('src/wire/'))
        .map((path) => `${relative(root, file)} imports ${path}`)
    )
    expect(offending).toEqual([])
  })
})
