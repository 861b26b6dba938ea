import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Excerpts } from '../../src/code/excerpts.ts'

let folder: string
let root: string

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'spanlight-')))
  root = join(folder, 'app')
  mkdirSync(root)
})

afterEach(() => rmSync(folder, { recursive: true }))

function write(name: string, content: string | Buffer): string {
  const path = join(root, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  return path
}

const text = Array.from({ length: 20 }, (_, i) => `line ${i + 1}`).join('\n')
const later = Date.now() + 60_000
const lines = async (path: string, line = 2) =>
  (await new Excerpts(root, later).around(path, line))?.lines

describe('lines of a source file', () => {
  it('stand around the one that is asked for', async () => {
    const path = write('src/a.ts', text)
    expect(await new Excerpts(root, later).around(path, 10)).toEqual({
      first: 7,
      lines: ['line 7', 'line 8', 'line 9', 'line 10', 'line 11', 'line 12', 'line 13'],
      changed: false
    })
    expect((await new Excerpts(root, later).around(path, 1))?.lines).toHaveLength(4)
    expect(await lines(path, 20)).toEqual(['line 17', 'line 18', 'line 19', 'line 20'])
  })

  it('are none for a line that is not there', async () => {
    const path = write('a.js', text)
    for (const line of [0, -1, 21, 1e9, Number.NaN]) expect(await lines(path, line)).toBeUndefined()
  })

  it('say whether the file was changed since the process was started', async () => {
    const path = write('a.js', text)
    expect((await new Excerpts(root, 0).around(path, 1))?.changed).toBe(true)
  })

  it('are cut where they are long', async () => {
    expect((await lines(write('a.js', 'x'.repeat(5000)), 1))?.[0]).toHaveLength(400)
  })

  it('are those of a project that is reached through a link', async () => {
    write('a.js', text)
    symlinkSync(root, join(folder, 'link'))
    const excerpts = new Excerpts(join(folder, 'link'), later)
    expect(await excerpts.around(join(folder, 'link/a.js'), 1)).not.toBeNull()
  })
})

describe('nothing is shown of', () => {
  it.each([
    '.env',
    '.env.local.js',
    '.git/hooks/a.js',
    'src/.hidden.ts',
    '.config/a.js',
    'node_modules/pg/lib/a.js',
    'NODE_MODULES/a.js',
    'packages/a/node_modules/b/c.ts',
    'secrets.json',
    'key.pem',
    'config.yaml',
    'a.js.bak',
    'Makefile'
  ])('%s', async (name) => {
    expect(await lines(write(name, text))).toBeUndefined()
  })

  it('a file outside of the project, however it is written', async () => {
    writeFileSync(join(folder, 'outside.js'), text)
    mkdirSync(join(folder, 'app-two'))
    writeFileSync(join(folder, 'app-two/a.js'), text)
    for (const path of [
      join(folder, 'outside.js'),
      `${root}/../outside.js`,
      `${root}/src/../../outside.js`,
      join(folder, 'app-two/a.js'),
      '/etc/passwd',
      '/proc/self/environ',
      '../outside.js',
      '',
      root,
      `${root}/`,
      `${root}/a.js\0`,
      '\\\\host\\share\\a.js'
    ])
      expect(await lines(path)).toBeUndefined()
  })

  it('what a link in the project leads to outside of it, or hides', async () => {
    writeFileSync(join(folder, 'outside.js'), text)
    write('.env', text)
    write('node_modules/a.js', text)
    symlinkSync(join(folder, 'outside.js'), join(root, 'file.js'))
    symlinkSync(folder, join(root, 'folder'))
    symlinkSync(join(root, '.env'), join(root, 'env.js'))
    symlinkSync(join(root, 'node_modules/a.js'), join(root, 'dependency.js'))
    symlinkSync(join(root, 'round.js'), join(root, 'round.js'))
    for (const name of ['file.js', 'folder/outside.js', 'env.js', 'dependency.js', 'round.js'])
      expect(await lines(join(root, name))).toBeUndefined()
  })

  it('a file that is too large, is no text, or no file at all', async () => {
    expect(await lines(write('large.js', `${text}\n`.repeat(10_000)))).toBeUndefined()
    expect(await lines(write('binary.js', Buffer.from([10, 0, 10, 10, 10])))).toBeUndefined()
    mkdirSync(join(root, 'folder.js'))
    expect(await lines(join(root, 'folder.js'))).toBeUndefined()
    expect(await lines(join(root, 'missing.js'))).toBeUndefined()
  })

  it.skipIf(process.platform === 'win32')('a pipe, and nobody waits for it', async () => {
    execFileSync('mkfifo', [join(root, 'pipe.js')])
    const asked = Array.from({ length: 8 }, () => lines(join(root, 'pipe.js')))
    expect((await Promise.all(asked)).every((one) => one === undefined)).toBe(true)
  })
})
