import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Child, Consumer } from './child.ts'

const env = { NODE_ENV: 'development' }
let consumer: Consumer

beforeAll(() => {
  consumer = new Consumer()
})

afterAll(() => consumer.remove())

/** A server whose /hang never answers and whose /dies ends the process while that is so. */
const app = (options: string, before = ''): string => `
  import express from 'express'
  import { tracing, withSpan } from 'spanlight'
  ${before}
  const app = express()
  app.use(tracing(${options}))
  app.get('/hang/:id', (req, res) => withSpan('wait for the lock', () => {
    console.log('hanging')
    return new Promise(() => {})
  }))
  app.get('/dies', (req, res) => void setTimeout(() => { throw new RangeError('too late\\u001b[31m') }))
  app.get('/lives', (req, res) => res.send('alive'))
  app.listen(0, '127.0.0.1')
`

/** Asks from outside, for the answer of which nobody waits here; resolves once the request hangs. */
async function hangs(child: Child): Promise<string> {
  const [, port] = await child.prints(/localhost:(\d+)\/_traces/)
  const origin = `http://127.0.0.1:${port}`
  fetch(`${origin}/hang/7?token=canary-token-4711`).catch(() => {})
  await child.prints(/hanging/)
  return origin
}

const hang = /^spanlight: {3}GET \/hang\/7, for .* trace [0-9a-f]{32}$/m

describe('what is in flight is printed', () => {
  it('when an exception that nobody catches ends the process', async () => {
    const child = consumer.run(app(''), env)
    const origin = await hangs(child)
    fetch(`${origin}/dies`).catch(() => {})
    const { code, stderr } = await child.ended
    expect(code).toBe(1)
    expect(stderr).toContain('spanlight: 2 requests were in flight:\n')
    expect(stderr).toMatch(hang)
    expect(stderr).toMatch(/^spanlight: +wait for the lock, for /m)
    expect(stderr).toMatch(
      /GET \/dies, for .*\n.*request handler - \/dies.*\n.*threw RangeError: too late\\u001b\[31m\n/
    )
    expect(stderr).not.toContain('canary-token-4711')
    // Node's own report stands below, whole.
    expect(stderr.slice(stderr.indexOf('requests were in flight'))).toMatch(/host\.mjs:\d+\n/)
  })

  it('not when the host handles the exception and lives on', async () => {
    const child = consumer.run(
      app('', "process.on('uncaughtException', () => console.log('handled'))"),
      env
    )
    const origin = await hangs(child)
    fetch(`${origin}/dies`).catch(() => {})
    await child.prints(/handled/)
    expect(await (await fetch(`${origin}/lives`)).text()).toBe('alive')
    child.kill('SIGTERM')
    expect((await child.ended).stderr).not.toContain('in flight')
  })

  it('for the signal that was asked for, as often as it comes, while the server goes on', async () => {
    const child = consumer.run(app("{ dump: 'SIGUSR2' }"), env)
    const origin = await hangs(child)
    child.kill('SIGUSR2')
    await child.prints(/one request was in flight:\n.*GET \/hang\/7/)
    child.kill('SIGUSR2')
    await child.prints(/in flight[^]*in flight:\n.*GET \/hang\/7/)
    expect(await (await fetch(`${origin}/lives`)).text()).toBe('alive')
    child.kill('SIGTERM')
    expect((await child.ended).signal).toBe('SIGTERM')
  })

  it('for no signal without the option: it ends the process as ever', async () => {
    const child = consumer.run(app(''), env)
    await hangs(child)
    child.kill('SIGUSR2')
    const { signal, stderr } = await child.ended
    expect(signal).toBe('SIGUSR2')
    expect(stderr).not.toContain('in flight')
  })

  it('no more after shutdown', async () => {
    const child = consumer.run(
      `${app("{ dump: 'SIGUSR2' }")}
      const { shutdown } = await import('spanlight')
      await shutdown()
      console.log('shut down', process.listenerCount('SIGUSR2'))`,
      env
    )
    await child.prints(/shut down 0/)
    child.kill('SIGUSR2')
    expect((await child.ended).signal).toBe('SIGUSR2')
  })
})
