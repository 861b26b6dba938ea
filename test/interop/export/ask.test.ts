import { createServer, type AddressInfo, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ask } from '../../../src/interop/export/ask.ts'
import { httpTalks } from './talks.ts'

async function serve(talk: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.once('data', () => talk(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    // Whatever was said, no connection is left.
    while (sockets.size > 0) await new Promise((resolve) => setTimeout(resolve, 5))
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`
}

describe('who is asked for credentials', () => {
  it('gets the question and is quoted as a whole', async () => {
    const url = await serve((socket) =>
      socket.end('HTTP/1.1 201 X\r\nA: b\r\nContent-Length: 2\r\n\r\n{}')
    )
    expect(await ask(url, { timeoutMs: 1000 })).toMatchObject({
      status: 201,
      headers: { a: 'b' },
      body: '{}'
    })
  })

  it.each(Object.entries(httpTalks).filter(([, { answer }]) => !answer))(
    'may answer with %s: that is an error in words, and in time',
    async (_what, { talk }) => {
      const url = await serve(talk)
      const asked = ask(url, { timeoutMs: 200 })
      await expect(asked).rejects.toThrow(new RegExp(`^${new URL(url).host}: [\\w ]+$`))
    }
  )

  it('is not followed to where it points', async () => {
    const url = await serve(httpTalks['a redirect']?.talk as (socket: Socket) => void)
    expect(await ask(url, { timeoutMs: 1000 })).toMatchObject({ status: 307 })
  })

  it('may be nobody', async () => {
    await expect(ask('http://127.0.0.1:1/', { timeoutMs: 1000 })).rejects.toThrow(
      '127.0.0.1:1: ECONNREFUSED'
    )
    await expect(ask('http://nobody.invalid/', { timeoutMs: 1000 })).rejects.toThrow(
      /^nobody\.invalid: E(?:NOTFOUND|AI_AGAIN)$/
    )
  })
})
