import { fork } from 'node:child_process'
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { build, type Format } from 'esbuild'

/** An application in TypeScript, compiled into `dist` of a folder of its own, the way most of them run. */
export interface Application {
  readonly folder: string
  /** Runs it in a process of its own; gives what it sent back. */
  run<T>(env?: Record<string, string>, execArgv?: string[]): Promise<T>
  remove(): Promise<void>
}

export async function compile(
  sources: Readonly<Record<string, string>>,
  { format, inline = false, bundle = false }: { format: Format; inline?: boolean; bundle?: boolean }
): Promise<Application> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'spanlight-app-')))
  const type = format === 'esm' ? 'module' : 'commonjs'
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'app', type }))
  for (const [name, text] of Object.entries(sources)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  const scripts = Object.keys(sources).filter((name) => name.startsWith('src/'))
  await build({
    absWorkingDir: folder,
    entryPoints: bundle ? ['src/main.ts'] : scripts,
    bundle,
    outdir: 'dist',
    outbase: 'src',
    format,
    platform: 'node',
    sourcemap: inline ? 'inline' : 'linked',
    logLevel: 'error'
  })
  return {
    folder,
    run: <T>(env: Record<string, string> = {}, execArgv: string[] = []) =>
      new Promise<T>((resolve, reject) => {
        const child = fork(join(folder, 'dist/main.js'), [], {
          cwd: folder,
          env: { PATH: process.env['PATH'] ?? '', ...env },
          execArgv,
          stdio: ['ignore', 'ignore', 'pipe', 'ipc']
        })
        let errors = ''
        child.stderr?.on('data', (text: Buffer) => (errors += text.toString()))
        child.once('message', (message) => {
          child.kill()
          resolve(message as T)
        })
        child.once('close', () => reject(new Error(errors)))
      }),
    remove: () => rm(folder, { recursive: true })
  }
}
