import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { patienceMs } from '../until.ts'

const here = import.meta.dirname

const entry = `
export { record } from './setup.ts'
export { watchConsole } from '../../src/watch/logs/console.ts'
export { watchExceptions } from '../../src/watch/exceptions.ts'
export { watchFetch } from '../../src/watch/http/fetch.ts'
export { watchHttpClient } from '../../src/watch/http/http-client.ts'
export { rootContext, runIn, activeContext } from '../../src/context/context.ts'
`

export interface Host {
  /** Writes a program beside the built watches (`./watch.mjs`) and runs it. */
  run(program: string, env?: Record<string, string>): Promise<Ended>
  remove(): Promise<void>
}

export interface Ended {
  code: number | null
  signal: string | null
  /** Both streams in the order they were written. */
  output: string
}

/** A place for hosts in processes of their own: a test runner replaces the console and catches what nobody else catches. */
export async function createHost(): Promise<Host> {
  const folder = await mkdtemp(join(tmpdir(), 'spanlight-'))
  await build({
    stdin: { contents: entry, resolveDir: here, loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: join(folder, 'watch.mjs'),
    logLevel: 'error',
    // A CommonJS dependency asks for built-ins by require().
    banner: {
      js: "import { createRequire as r } from 'node:module'; const require = r(import.meta.url);"
    }
  })
  return {
    async run(program, env = {}) {
      await writeFile(join(folder, 'host.mjs'), program)
      return run(folder, env)
    },
    remove: () => rm(folder, { recursive: true })
  }
}

function run(folder: string, env: Record<string, string>): Promise<Ended> {
  const command = `exec "${process.execPath}" host.mjs 2>&1`
  const child = spawn('sh', ['-c', command], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    timeout: 2 * patienceMs
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, output }))
  })
}
