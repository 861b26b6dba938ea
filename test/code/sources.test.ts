import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { transformSync } from 'esbuild'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Excerpts } from '../../src/code/excerpts.ts'
import { Project } from '../../src/code/project.ts'
import { SourceMaps } from '../../src/code/source-maps.ts'
import { Sources } from '../../src/code/sources.ts'

let root: string
let sources: Sources

const written =
  'interface Order {\n  id: number\n}\n\nexport function load(id: number): Order {\n  throw new Error(`no order ${id}`)\n}\n'

beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'spanlight-')))
  for (const folder of ['src', 'dist', 'node_modules/orm'])
    mkdirSync(join(root, folder), { recursive: true })
  const { code, map } = transformSync(written, {
    loader: 'ts',
    sourcefile: '../src/repo.ts',
    sourcemap: true
  })
  writeFileSync(join(root, 'src/repo.ts'), written)
  writeFileSync(join(root, 'dist/repo.js'), `${code}//# sourceMappingURL=repo.js.map\n`)
  writeFileSync(join(root, 'dist/repo.js.map'), map)
  writeFileSync(join(root, 'app.js'), 'one\ntwo\nthree\n')
  writeFileSync(join(root, '.env'), 'SECRET=1\n')
  writeFileSync(join(root, 'node_modules/orm/index.js'), 'secret\n')
  const excerpts = new Excerpts(root, Date.now() + 60_000)
  const maps = new SourceMaps(root, () => performance.now())
  sources = new Sources({ project: new Project(root), maps, excerpts })
})

afterAll(() => rmSync(root, { recursive: true }))

async function stackOf(stack: string, message = '') {
  const { stacks } = await sources.of({ site: undefined, exceptions: [{ message, stack }] })
  return stacks[0] ?? []
}

describe('a stack', () => {
  it('is told where it was written, its own lines apart from those of dependencies and Node', async () => {
    const frames = await stackOf(
      [
        'Error: no order 1',
        `    at load (file://${root}/dist/repo.js:2:9)`,
        `    at Orm.run (${root}/node_modules/orm/index.js:1:1)`,
        `    at async ${root}/app.js:2:3`,
        '    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)',
        'Caused by: Error: x',
        `    at deeper (${root}/app.js:1:1)`
      ].join('\n')
    )
    expect(frames).toMatchObject([
      { at: 1, function: 'load', file: 'src/repo.ts', line: 6, own: true },
      { at: 2, function: 'Orm.run', file: 'node_modules/orm/index.js', own: false, excerpt: null },
      { at: 3, function: '', file: 'app.js', line: 2, column: 3, own: true },
      { at: 4, file: 'node:internal/process/task_queues', own: false, path: '', excerpt: null },
      { at: 6, function: 'deeper', file: 'app.js', own: true }
    ])
    expect(frames[0]?.path).toBe(join(root, 'src/repo.ts'))
    expect(frames[0]?.excerpt?.lines).toContain('  throw new Error(`no order ${id}`)')
    expect(frames[2]?.excerpt).toEqual({
      first: 1,
      lines: ['one', 'two', 'three', ''],
      changed: false
    })
  })

  it('shows lines for its first own frames only, and has an end', async () => {
    const frames = await stackOf(`Error\n${`    at a (${root}/app.js:2:3)\n`.repeat(300)}`)
    expect(frames.filter(({ excerpt }) => excerpt !== null)).toHaveLength(5)
    expect(frames).toHaveLength(100)
  })

  it('begins after its message, which may look like frames', async () => {
    const message = `no\n    at load (${root}/app.js:1:1)`
    const frames = await stackOf(`Error: ${message}\n    at real (${root}/app.js:2:1)`, message)
    expect(frames).toMatchObject([{ at: 2, function: 'real' }])
  })

  it.each([
    ['.env', 1],
    ['../../../../../../etc/passwd', 1],
    ['node_modules/orm/index.js', 1],
    ['src/../.env', 1],
    ['.git/../.env', 1]
  ])('that a stranger has made up shows nothing of %s', async (name, line) => {
    for (const path of [`${root}/${name}`, `file://${root}/${name}`]) {
      const [frame] = await stackOf(`Error\n    at a (${path}:${line}:1)`)
      expect(frame?.excerpt).toBeNull()
    }
  })

  it('of any text shows lines of the project and nothing else', async () => {
    const path = fc.constantFrom(
      ...['app.js', '.env', 'node_modules/orm/index.js', '../x.js', 'src/repo.ts', 'dist'].map(
        (name) => `${root}/${name}`
      )
    )
    const frame = fc
      .tuple(fc.string(), path, fc.integer(), fc.integer())
      .map(([name, file, line, column]) => `    at ${name} (${file}:${line}:${column})`)
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(frame, fc.string()), { maxLength: 20 }), async (parts) => {
        const frames = await stackOf(parts.join('\n'), parts[0])
        for (const { excerpt, file } of frames)
          if (excerpt !== null) expect(['app.js', 'src/repo.ts']).toContain(file)
      })
    )
  })
})

describe('a call site', () => {
  it('is shown with its lines, relative to the project', async () => {
    const site = { path: 'src/repo.ts', line: 6, column: 9, function: 'load' }
    const { site: shown } = await sources.of({ site, exceptions: [] })
    expect(shown).toMatchObject({ file: 'src/repo.ts', line: 6, function: 'load', own: true })
    expect(shown?.path).toBe(join(root, 'src/repo.ts'))
    expect(shown?.excerpt?.first).toBe(3)
  })

  it('that was recorded before its source map was read is told where it was written', async () => {
    const site = { path: 'dist/repo.js', line: 2, column: 9, function: 'load' }
    const { site: shown } = await sources.of({ site, exceptions: [] })
    expect(shown).toMatchObject({ file: 'src/repo.ts', line: 6 })
  })

  it.each(['.env', '../../etc/passwd', '/etc/passwd', 'node_modules/orm/index.js', ''])(
    'that somebody has set to %s shows nothing of it',
    async (path) => {
      const site = { path, line: 1, column: 1, function: '' }
      expect((await sources.of({ site, exceptions: [] })).site?.excerpt).toBeNull()
    }
  )
})
