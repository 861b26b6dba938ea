import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { publint } from 'publint'
import { describe, expect, it } from 'vitest'
import { version } from '../../src/version.ts'
import { entries, manifest, root } from './manifest.ts'

const require = createRequire(import.meta.url)

function npm(...words: string[]): string {
  return spawnSync('npm', words, { cwd: root, encoding: 'utf8' }).stdout
}

describe('the manifest', () => {
  it('passes publint', async () => {
    const { messages } = await publint({
      pkgDir: root,
      level: 'suggestion',
      strict: true,
      pack: false
    })
    expect(messages).toEqual([])
  })

  it('has the version that the code says', () => {
    expect(manifest.version).toBe(version)
  })

  it('asks for one package at run time, and leaves every peer optional', () => {
    expect(Object.keys(manifest.dependencies)).toEqual(['ws'])
    const peers = Object.keys(manifest.peerDependencies)
    expect(peers.sort()).toEqual(['@opentelemetry/api', 'express', 'koa'])
    for (const peer of peers)
      expect(manifest.peerDependenciesMeta[peer]).toEqual({ optional: true })
  })

  it('pins its tools exactly', () => {
    const loose = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }).filter(
      ([, wanted]) => !/^(?:npm:@?[\w/.-]+@)?\d+\.\d+\.\d+$/.test(wanted)
    )
    expect(loose).toEqual([])
  })

  it('runs nothing of ours when it is installed', () => {
    const { scripts } = manifest as unknown as { scripts: Record<string, string> }
    expect(
      Object.keys(scripts).filter((name) => /install|^(?:pre|post)?prepare$/.test(name))
    ).toEqual([])
  })
})

describe('the lock file', () => {
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8')

  it('names no registry, so that any serves', () => {
    expect(lock.match(/"resolved": "[^"]*"/g) ?? []).toEqual([])
    expect(lock).not.toMatch(/registry\.|https?:\/\/[^"]*\.tgz/)
  })

  it('holds a hash of every package, but of development tools for other systems', () => {
    interface Locked {
      integrity?: string
      dev?: boolean
      optional?: boolean
      os?: string[]
      cpu?: string[]
      libc?: string[]
    }
    const { packages } = JSON.parse(lock) as { packages: Record<string, Locked> }
    // npm ci wants the names of all of them; for some no registry at hand had a file to take the hash of.
    const elsewhere = ({ dev, optional, os, cpu, libc }: Locked) =>
      dev && optional && !(os?.[0] === 'linux' && cpu?.[0] === 'x64' && libc?.[0] === 'glibc')
    const without = Object.entries(packages).filter(
      ([path, locked]) => path !== '' && locked.integrity === undefined && !elsewhere(locked)
    )
    expect(without).toEqual([])
  })
})

describe('the packed files', () => {
  interface Packed {
    files: { path: string; size: number }[]
    size: number
    unpackedSize: number
  }
  const [packed] = JSON.parse(npm('pack', '--dry-run', '--json', '--ignore-scripts')) as [Packed]
  const paths = packed.files.map(({ path }) => path)

  it('are what a user needs and nothing else', () => {
    expect(paths.filter((path) => !path.startsWith('dist/')).sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'package.json'
    ])
    const odd = paths.filter(
      (path) =>
        path.startsWith('dist/') &&
        !/^dist\/(?:ui\/.+|.+\.js|.+\.d\.ts|third-party-notices\.txt)$/.test(path)
    )
    expect(odd).toEqual([])
    expect(paths.filter((path) => /tsbuildinfo|\.map$|\.test\./.test(path))).toEqual([])
  })

  it('hold every entry with its types, what they share as one file, and beside it what register needs and what is loaded when it is asked for', () => {
    for (const [, { types, default: code }] of entries) {
      expect(paths).toContain(code.slice(2))
      expect(paths).toContain(types.slice(2))
    }
    const code = paths.filter((path) => /^dist\/(?!ui\/|cli[./]).*\.js$/.test(path))
    const shared = code.filter((path) => !entries.some(([, entry]) => entry.default.endsWith(path)))
    for (const path of shared)
      expect(path).toMatch(/^dist\/shared\/(?:chunk|exporters|looking|other-systems)-\w+\.js$/)
    const sizes = shared.map((path) => readFileSync(join(root, path)).length)
    expect(Math.min(...sizes)).toBeLessThan(10_000)
    expect(sizes.filter((size) => size > 200_000)).toHaveLength(1)
    // One other character doubles what the file takes of the host's memory.
    for (const path of shared)
      expect(readFileSync(join(root, path), 'utf8')).not.toMatch(/[^\p{ASCII}]/u)
  })

  it('hold the command line, which shares no file with the entries', () => {
    const code = paths.filter((path) => /^dist\/cli[./]/.test(path))
    expect(manifest.bin).toEqual({ spanlight: 'dist/cli.js' })
    expect(code).toEqual([
      'dist/cli.js',
      expect.stringMatching(/^dist\/cli\/main-\w+\.js$/) as string
    ])
    expect(readFileSync(join(root, 'dist/cli.js'), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
    for (const path of code)
      expect(readFileSync(join(root, path), 'utf8')).not.toMatch(/\/shared\/|[^\p{ASCII}]/u)
  })

  it('hold the declarations that the entries lead to, and no other', () => {
    const found = new Set(entries.map(([, { types }]) => types.slice(2)))
    for (const path of found)
      for (const [, other] of readFileSync(join(root, path), 'utf8').matchAll(
        /(?:\bfrom |import\()['"](\.[^'"]+)/g
      ))
        found.add(join(dirname(path), other.replace(/\.[jt]s$/, '.d.ts')))
    expect([...found].sort()).toEqual(paths.filter((path) => path.endsWith('.d.ts')).sort())
  })

  it('hold the page, and the notices of what is in it and in the code', () => {
    expect(paths).toEqual(
      expect.arrayContaining([
        'dist/ui/index.html',
        'dist/ui/manifest.json',
        'dist/ui/third-party-notices.txt'
      ])
    )
    const notices = readFileSync(join(root, 'dist/third-party-notices.txt'), 'utf8')
    expect(notices).toMatch(/^lru-cache \d+\.\d+\.\d+ \(BlueOak-1\.0\.0\)$/m)
    expect(notices).toContain('# Blue Oak Model License')
    expect(notices).not.toMatch(/^ws /m)
  })

  it('stay small', () => {
    expect(packed.unpackedSize).toBeLessThan(2.8 * 2 ** 20)
  })
})

describe('the exported names', () => {
  const names = async (entry: string): Promise<string[]> =>
    Object.keys((await import(entry)) as object).sort()

  it('of spanlight', async () => {
    expect(await names('spanlight')).toEqual([
      'activeSpan',
      'shutdown',
      'traceFields',
      'tracing',
      'withSpan'
    ])
  })

  it.each(['spanlight/express', 'spanlight/koa'])('of %s', async (entry) => {
    expect(await names(entry)).toEqual(['activeSpan', 'shutdown', 'tracing', 'withSpan'])
  })

  it('of spanlight/http', async () => {
    expect(await names('spanlight/http')).toEqual(['activeSpan', 'shutdown', 'traced', 'withSpan'])
  })

  it('of spanlight/otel', async () => {
    expect(await names('spanlight/otel')).toEqual([
      'activeSpan',
      'shutdown',
      'spanProcessor',
      'withSpan'
    ])
  })

  it('of spanlight/register are none', async () => {
    expect(await names('spanlight/register')).toEqual([])
  })

  it('are the same by import and by require', async () => {
    expect(entries.map(([name]) => name)).toEqual([
      'spanlight',
      'spanlight/express',
      'spanlight/koa',
      'spanlight/http',
      'spanlight/register',
      'spanlight/otel'
    ])
    for (const [name] of entries)
      expect(Object.keys(require(name) as object).sort()).toEqual(await names(name))
  })

  it('are those of one recorder, whichever entry they come by', async () => {
    const [first, ...others] = await Promise.all(
      entries
        .filter(([name]) => name !== 'spanlight/register')
        .map(([name]) => import(name) as Promise<Record<string, unknown>>)
    )
    for (const other of others)
      for (const name of ['activeSpan', 'shutdown', 'withSpan'])
        expect(other[name]).toBe(first[name])
  })

  it('stay names: of the middleware in a list of them, of functions in a stack', async () => {
    const { shutdown, tracing } = await import('spanlight')
    try {
      expect(tracing({ access: 'off' }).name).toBe('tracing')
    } finally {
      await shutdown()
    }
    const wrong = (): unknown => tracing({ sample: 2 })
    expect(wrong).toThrow(TypeError)
    expect(wrong).toThrow(
      expect.objectContaining({
        stack: expect.stringMatching(
          /at resolveOptions \(.*at createTracing \(.*at sharedTracing \(/s
        ) as string
      })
    )
  })

  it('leave the inside of the package inside', async () => {
    expect(() => require('spanlight/dist/tracing.js') as unknown).toThrow(
      'not defined by "exports"'
    )
    expect((require('spanlight/package.json') as { name: string }).name).toBe('spanlight')
  })
})

describe('knip', () => {
  it('finds no file, export or package that nothing uses', () => {
    const { stdout, status } = spawnSync(
      process.execPath,
      [join(root, 'node_modules/knip/bin/knip.js'), '--no-progress', '--no-config-hints'],
      { cwd: root, encoding: 'utf8' }
    )
    expect(stdout.trim()).toBe('')
    expect(status).toBe(0)
  })
})
