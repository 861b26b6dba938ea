import { createServer } from 'node:http'
import { Duplex } from 'node:stream'
import { afterEach, describe, expect, it } from 'vitest'
import { createFront, type Front, type Page } from '../../src/serve/front.ts'
import { createPage } from '../../src/serve/page.ts'
import type { Serve } from '../../src/serve/setup.ts'
import { ask, listen, Memory, setupOf, silentReport, stop } from './fixtures.ts'

const cleanup: (() => unknown)[] = []
afterEach(async () => {
  for (const undo of cleanup.splice(0).toReversed()) await undo()
})

/** A server with a page that is loaded when `load` lets it. */
async function hostOf(load: () => Promise<void>) {
  const lines: string[] = []
  const setup = setupOf(new Memory(), { report: silentReport(lines) })
  let loads = 0
  const serve: Serve = createFront(setup, async (front: Front): Promise<Page> => {
    loads++
    await load()
    return createPage(setup, front)
  })
  const server = createServer((req, res) => void (serve.handle(req, res, '') || res.end('host')))
  const port = await listen(server)
  cleanup.push(
    () => stop(server),
    () => serve.close()
  )
  return { lines, port, serve, server, loads: () => loads }
}

describe('what stands before the page', () => {
  it('loads it with the first request for it, once for all that come meanwhile', async () => {
    let go = (): void => {}
    const { port, serve, loads } = await hostOf(() => new Promise((resolve) => (go = resolve)))
    expect((await ask(port, '/orders')).body).toBe('host')
    expect(serve.startLine('http://localhost:1').address).toBe('http://localhost:1/_traces/')
    expect([loads(), serve.pages]).toEqual([0, 0])
    const asked = [1, 2, 3].map(() => ask(port, '/_traces/api/status'))
    while (loads() === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    expect((await ask(port, '/orders')).body).toBe('host')
    go()
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 200, 200])
    expect(loads()).toBe(1)
  })

  it('answers with a failure when it cannot be loaded, says so, and tries again for the next', async () => {
    const { lines, port, loads } = await hostOf(async () => {
      if (loads() === 1) throw new Error('the file is gone')
    })
    expect((await ask(port, '/_traces/api/status')).status).toBe(500)
    expect(lines.join('')).toContain('the page failed and went on: Error: the file is gone')
    expect((await ask(port, '/orders')).body).toBe('host')
    expect((await ask(port, '/_traces/api/status')).status).toBe(200)
    expect(loads()).toBe(2)
  })

  it('leaves the server as it was when it is closed before the page is there', async () => {
    let go = (): void => {}
    const { port, serve, server, loads } = await hostOf(
      () => new Promise((resolve) => (go = resolve))
    )
    const asked = ask(port, '/_traces/')
    while (loads() === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    serve.close()
    go()
    expect((await asked).status).toBe(200)
    expect(server.listenerCount('upgrade')).toBe(0)
    expect(Object.hasOwn(server, 'emit')).toBe(false)
  })

  it('lets no page of another worker join after it was sent elsewhere', async () => {
    let go = (): void => {}
    const { serve, loads } = await hostOf(() => new Promise((resolve) => (go = resolve)))
    const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
    const visa = { mount: '/_traces', local: true, host: 'localhost' }
    serve.upgradeFor({} as never, socket, Buffer.alloc(0), visa)
    serve.turnAway()
    expect(loads()).toBe(1)
    go()
    await new Promise((resolve) => socket.on('close', resolve))
    expect(serve.pages).toBe(0)
  })
})
