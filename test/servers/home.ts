import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { patienceMs } from '../until.ts'
import { findBinary } from './binaries.js'

/** A server of a test's own. */
export interface Server {
  readonly url: string
  readonly host: string
  readonly port: number
  /** Ends it at once, whatever it is doing, and removes what it wrote. */
  stop(): Promise<void>
}

/** A temporary folder that programs of one package run in. */
export interface Home {
  readonly folder: string
  /** Runs a program to its end. */
  run(program: string, words: readonly string[]): Promise<void>
  /** Starts a server, and waits until it says that it is ready. */
  start(program: string, words: readonly string[], ready?: RegExp): Promise<void>
  stop(): Promise<void>
}

interface HomeSetup {
  /** Debian's name for it. */
  readonly package: string
  readonly programs: readonly string[]
  readonly env?: (folder: string) => Record<string, string>
  /** What ends its servers at once. @default 'KILL' */
  readonly signal?: 'KILL' | 'QUIT'
}

export const host = '127.0.0.1'
const readyMs = 2 * patienceMs
// PostgreSQL refuses to run as root. This user is on every Linux.
const nobody = 65_534

// The program takes the shell's place. What stays behind ends it, and removes the folder, when nobody holds the other end of its standard input
// any more: a test's process may be killed, and no server shall outlive it.
const watched = (signal: string): string =>
  `exec 3<&0
  (read -r _ <&3; kill -${signal} $$ && rm -rf "$0") >/dev/null 2>&1 &
  exec "$@" 3<&- </dev/null`

/** The home of a package's programs; the reason when it is not installed. */
export async function createHome(setup: HomeSetup): Promise<Home | string> {
  const missing = setup.programs.find((name) => findBinary(name) === undefined)
  if (missing !== undefined) return `${missing} is missing: apt-get install ${setup.package}`
  const folder = await mkdtemp(join(tmpdir(), 'spanlight-server-'))
  const user = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {}
  if (user.uid !== undefined) await chown(folder, nobody, nobody)
  const { PATH = '' } = process.env
  const env = { PATH, HOME: folder, LC_ALL: 'C', ...setup.env?.(folder) }
  const signal = setup.signal ?? 'KILL'
  const running: ChildProcess[] = []

  function open(program: string, words: readonly string[]): ChildProcess {
    const path = findBinary(program) ?? program
    const child = spawn('sh', ['-c', watched(signal), folder, path, ...words], {
      cwd: folder,
      env,
      ...user
    })
    running.unshift(child)
    return child
  }

  return {
    folder,
    run: async (program, words) => {
      const child = open(program, words)
      const said = listen(child)
      const [code] = await once(child, 'close')
      if (code !== 0) throw new Error(`${program} ended with ${code}: ${said()}`)
    },
    start: async (program, words, ready) => {
      const child = open(program, words)
      if (ready !== undefined) await heard(child, program, ready)
      else listen(child)
    },
    async stop() {
      for (const child of running) {
        if (child.exitCode !== null || child.signalCode !== null) continue
        child.kill(`SIG${signal}`)
        await once(child, 'exit')
      }
      await rm(folder, { recursive: true, force: true, maxRetries: 10 })
    }
  }
}

/** The end of what it has said so far, on either stream. */
function listen(child: ChildProcess, onText: (text: string) => void = () => {}): () => string {
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-10_000)
      onText(said)
    })
  return () => said.slice(-2000)
}

function heard(child: ChildProcess, program: string, ready: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    const said = listen(child, (text) => {
      if (ready.test(text)) done()
    })
    const timer = setTimeout(() => done('was not ready in time'), readyMs)
    child.once('error', (error) => done(error.message))
    child.once('exit', (code, signal) => done(`ended with ${signal ?? code}`))
    function done(wrong?: string): void {
      clearTimeout(timer)
      if (wrong === undefined) resolve()
      else reject(new Error(`${program} ${wrong}: ${said()}`))
    }
  })
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
