import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { manifest, root } from '../package/manifest.ts'
import { patienceMs } from '../until.ts'

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly stdout: string
  readonly stderr: string
  /** Waits for what the pattern finds on standard output or standard error. */
  prints(pattern: RegExp): Promise<RegExpExecArray>
  kill(signal?: NodeJS.Signals): void
  readonly ended: Promise<Ended>
}

const running = new Set<Running>()
/** Where tokens are kept, so that no test reads or leaves any of the person who runs it. */
const state = mkdtempSync(join(tmpdir(), 'spanlight-cli-'))

/** Runs `spanlight ...` as it is installed. */
export function spanlight(words: readonly string[], env: Record<string, string> = {}): Running {
  return start([join(root, manifest.bin['spanlight'] as string), ...words], env)
}

/** Runs a program, an ES module, with this repository's packages. */
export function program(code: string, env: Record<string, string> = {}): Running {
  return start(['--input-type=module', '--eval', code], env)
}

/** Runs a program of its own from a folder. */
export function runFile(file: string, words: readonly string[], folder: string): Running {
  return start(words, {}, file, folder)
}

function start(
  words: readonly string[],
  env: Record<string, string>,
  file: string = process.execPath,
  folder: string = root
): Running {
  const child = spawn(file, words, {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', HOME: state, XDG_STATE_HOME: state, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 2 * patienceMs,
    killSignal: 'SIGKILL'
  })
  let stdout = ''
  let stderr = ''
  let over = false
  const waiting = new Set<() => void>()
  const wake = (): void => waiting.forEach((look) => look())
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    wake()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    wake()
  })
  const one: Running = {
    get stdout() {
      return stdout
    },
    get stderr() {
      return stderr
    },
    prints: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = pattern.exec(stdout) ?? pattern.exec(stderr)
          if (found === null && !over) return
          waiting.delete(look)
          if (found !== null) resolve(found)
          else reject(new Error(`ended without ${pattern.source}:\n${stdout}${stderr}`))
        }
        waiting.add(look)
        look()
      }),
    kill: (signal) => void child.kill(signal),
    ended: new Promise((done, fail) => {
      child.on('error', fail)
      child.on('close', (code) => {
        over = true
        running.delete(one)
        wake()
        done({ code, stdout, stderr })
      })
    })
  }
  running.add(one)
  return one
}

/** Ends what still runs. */
export async function endAll(): Promise<void> {
  const all = [...running]
  for (const one of all) one.kill('SIGKILL')
  await Promise.all(all.map((one) => one.ended))
}

export function removeState(): void {
  rmSync(state, { recursive: true, force: true })
}

/** Ports that nobody has. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((done) => {
          const server = createServer().listen(0, '127.0.0.1', () => done(server))
        })
    )
  )
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))))
  return ports
}

/** Options that leave the standard ports to whoever has them. */
export const alone: readonly string[] = [
  '--grpc-port=off',
  '--zipkin-port=off',
  '--jaeger-port=off',
  '--xray-port=off'
]

/** A hub on a port of its own, which it prints. */
export async function startHub(
  words: readonly string[] = ['--port', '0', ...alone]
): Promise<{ hub: Running; origin: string }> {
  const hub = spanlight(['hub', ...words])
  const [, origin] = await hub.prints(/Page +(http:\S+?)\/_traces\//)
  await hub.prints(/Ctrl-C/)
  return { hub, origin: origin as string }
}

/** The variables that a hub prints for others, by name. */
export function printedVariables(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/^ +export ([A-Z_]+)=(\S+)$/gm)].map(([, name, value]) => [name, value])
  )
}
