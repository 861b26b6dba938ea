import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export interface Program {
  /** The next message that the program sends. */
  heard<T>(): Promise<T>
  tell(message: object): void
  /** Everything on both streams so far. */
  readonly output: string
  readonly child: ChildProcess
  readonly ended: Promise<{ code: number | null; signal: string | null }>
  kill(): Promise<void>
}

/** Starts a program of this folder, which uses the built package. Nothing of this process's own settings reaches it. */
export function start(
  file: string,
  env: Record<string, string> = {},
  args: string[] = []
): Program {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc']
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => (output += text))
  const messages: unknown[] = []
  let wake = (): void => {}
  child.on('message', (message) => {
    messages.push(message)
    wake()
  })
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
    child.once('close', (code, signal) => {
      resolve({ code, signal })
      wake()
    })
  )
  return {
    child,
    ended,
    get output() {
      return output
    },
    tell: (message) => void child.send(message),
    async heard<T>() {
      while (messages.length === 0) {
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`the program ended with ${child.exitCode}:\n${output}`)
        await new Promise<void>((resolve) => (wake = resolve))
      }
      return messages.shift() as T
    },
    async kill() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
    }
  }
}
