import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { version } from '../../src/version.ts'
import { manifest, root } from '../package/manifest.ts'
import { alone, endAll, removeState, runFile } from './process.ts'

describe('the packed package', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spanlight-packed-'))
  const bin = join(folder, 'node_modules/.bin/spanlight')

  beforeAll(() => {
    const run = (program: string, ...words: string[]): void => {
      const { status, stderr } = spawnSync(program, words, { cwd: root, encoding: 'utf8' })
      if (status !== 0) throw new Error(`${program}: ${stderr}`)
    }
    run('npm', 'pack', '--ignore-scripts', '--pack-destination', folder)
    const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) as string
    const modules = join(folder, 'node_modules')
    mkdirSync(join(modules, '.bin'), { recursive: true })
    run('tar', '-xzf', join(folder, tarball), '-C', modules)
    // What npm does when it installs: the name, its dependencies, a link to the program that may be run.
    renameSync(join(modules, 'package'), join(modules, manifest.name))
    for (const name of Object.keys(manifest.dependencies))
      symlinkSync(join(root, 'node_modules', name), join(modules, name))
    const program = join(modules, manifest.name, manifest.bin['spanlight'] as string)
    chmodSync(program, 0o755)
    symlinkSync(program, bin)
  })

  afterAll(async () => {
    await endAll()
    removeState()
    rmSync(folder, { recursive: true })
  })

  it('runs by its link, as npx runs it, and has the page with it', async () => {
    expect(await runFile(bin, ['--version'], folder).ended).toMatchObject({
      code: 0,
      stdout: `${version}\n`,
      stderr: ''
    })
    const hub = runFile(bin, ['--port=0', ...alone], folder)
    const [, page] = await hub.prints(/Page +(\S+)/)
    const shell = await (await fetch(page as string)).text()
    const [, script] = /<script[^>]* src="?(assets\/app[^" >]+)/.exec(shell) as RegExpExecArray
    const answer = await fetch(new URL(script as string, page))
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      200,
      expect.stringContaining('javascript')
    ])
  })
})
