import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { patienceMs } from '../until.ts'

export const root: string = resolve(import.meta.dirname, '../..')
const packages = [
  '@koa/router',
  '@opentelemetry/api',
  '@opentelemetry/instrumentation-express',
  '@opentelemetry/instrumentation-http',
  '@opentelemetry/sdk-trace-node',
  '@types',
  'express',
  'express4',
  'koa',
  'koa2',
  'pg',
  'pino'
]

export interface Ended {
  code: number | null
  signal: string | null
  stdout: string
  stderr: string
}

export interface Child {
  /** What was printed so far. */
  readonly stdout: string
  readonly stderr: string
  /** Waits for what the pattern finds on one of the streams. */
  prints(pattern: RegExp): Promise<RegExpExecArray>
  kill(signal: NodeJS.Signals): void
  readonly ended: Promise<Ended>
}

/** A folder with the built package and frameworks in its node_modules, as a user has it, and programs run there. */
export class Consumer {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'spanlight-'))
  readonly #children = new Set<Child>()

  /** `others` are packages that this repository does not depend on, by name, with their folders. */
  constructor(others: Readonly<Record<string, string>> = {}) {
    this.#link('spanlight', root)
    const own = packages.map((name): [string, string] => [name, join(root, 'node_modules', name)])
    for (const [name, folder] of Object.entries<string>({ ...Object.fromEntries(own), ...others }))
      this.#link(name, folder)
    writeFileSync(join(this.folder, 'package.json'), '{ "name": "consumer" }')
  }

  /** Runs a program; of `file`'s ending depends whether it is a module or CommonJS. Ended by force when no test can be waiting for it any more. */
  run(program: string, env: Record<string, string> = {}, file = 'host.mjs'): Child {
    writeFileSync(join(this.folder, file), program)
    const process_ = spawn(process.execPath, [file], {
      cwd: this.folder,
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 2 * patienceMs,
      killSignal: 'SIGKILL'
    })
    let stdout = ''
    let stderr = ''
    let wake = (): void => {}
    process_.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
      wake()
    })
    process_.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
      wake()
    })
    const ended = new Promise<Ended>((done, fail) => {
      process_.on('error', fail)
      process_.on('close', (code, signal) => {
        done({ code, signal, stdout, stderr })
        wake()
      })
    })
    const child: Child = {
      get stdout() {
        return stdout
      },
      get stderr() {
        return stderr
      },
      async prints(pattern) {
        for (;;) {
          const found = pattern.exec(stdout) ?? pattern.exec(stderr)
          if (found !== null) return found
          if (process_.exitCode !== null || process_.signalCode !== null)
            throw new Error(`ended without ${pattern.source}:\n${stdout}${stderr}`)
          await new Promise<void>((done) => (wake = done))
        }
      },
      kill: (signal) => void process_.kill(signal),
      ended
    }
    this.#children.add(child)
    return child
  }

  /** Ends what still runs and removes the folder. */
  async remove(): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL')
    await Promise.all([...this.#children].map((child) => child.ended))
    rmSync(this.folder, { recursive: true })
  }

  #link(name: string, target: string): void {
    const path = join(this.folder, 'node_modules', name)
    mkdirSync(dirname(path), { recursive: true })
    symlinkSync(target, path)
  }
}
