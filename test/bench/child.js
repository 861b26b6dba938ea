import { spawn } from 'node:child_process'
import { runnable } from './bundle.js'
import { coreFor } from './machine.js'

const children = new Set()

/**
 * A fresh Node process that is told what to do over its channel. Everything that is measured runs in one of its own: optimised code,
 * patched modules and a grown heap would otherwise be carried from one contestant to the next.
 */
export class Child {
  #started
  #process
  #waiting
  #errors = ''

  /** `role` says on which core it runs, where cores can be told apart: 'host' or 'load'; `node`, which Node runs it. */
  constructor(script, options = {}) {
    this.#started = this.#start(script, options)
    // Whoever asks is told.
    this.#started.catch(() => {})
  }

  async #start(script, { args = [], nodeArgs = [], role, node = process.execPath, env = {} }) {
    const file = await runnable(script)
    const words = [...coreFor(role), node, ...nodeArgs, file, ...args]
    this.#process = spawn(words[0], words.slice(1), {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...environment(), ...env }
    })
    children.add(this.#process)
    this.#process.stderr.on('data', (data) => (this.#errors = (this.#errors + data).slice(-4000)))
    this.#process.on('message', (message) => this.#settle(undefined, message))
    this.#process.on('exit', (code, signal) => {
      children.delete(this.#process)
      const why = `${script} ended (${signal ?? code}) before it answered\n${this.#errors}`
      this.#settle(new Error(why))
    })
  }

  /** The next message of the child; asks for it with `question` when there is one. */
  async ask(question, timeoutMs = 60_000) {
    await this.#started
    const { promise, resolve, reject } = withResolvers()
    const timer = setTimeout(() => {
      this.#kill()
      reject(new Error(`no answer to ${JSON.stringify(question)} within ${timeoutMs} ms`))
    }, timeoutMs)
    this.#waiting = { resolve, reject }
    if (question !== undefined) this.#process.send(question)
    const answer = await promise.finally(() => clearTimeout(timer))
    if (answer?.error !== undefined) throw new Error(answer.error)
    return answer
  }

  /** Ends the child, and waits until it is gone: it must not run beside the next one. */
  async stop() {
    await this.#started.catch(() => {})
    const gone = new Promise((resolve) => this.#process?.once('exit', resolve))
    if (this.#kill()) await gone
  }

  #kill() {
    return this.#process?.exitCode === null && this.#process.kill('SIGKILL')
  }

  #settle(error, message) {
    const waiting = this.#waiting
    this.#waiting = undefined
    if (error !== undefined) waiting?.reject(error)
    else waiting?.resolve(message)
  }
}

/** Ends every child that is left; for the bench's own end. */
export function stopChildren() {
  for (const child of children) child.kill('SIGKILL')
}

/** In a child: answers each question by the function of that name; a failure is the answer, too. */
export function answer(questions) {
  process.on('message', async ({ ask, ...rest }) => {
    try {
      process.send((await questions[ask](rest)) ?? {})
    } catch (error) {
      process.send({ error: error?.stack ?? String(error) })
    }
  })
}

// Variables that would change what is measured stay out: coverage, inspectors, exporters, switched-off tracing.
function environment() {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(?:NODE_|OTEL_|VITEST|SPANLIGHT_)/.test(name)
  )
  return { ...Object.fromEntries(kept), NODE_ENV: 'development' }
}

// Promise.withResolvers is not in Node 20.
function withResolvers() {
  let resolve
  let reject
  const promise = new Promise((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}
