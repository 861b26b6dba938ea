import { createServer, type Server, type Socket } from 'node:net'
import { connect } from 'node:net'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { Link, type Message } from '../../src/workers/link.ts'

let folder: string
let server: Server
let near: Socket
let far: Socket
const links: Link[] = []

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spanlight-link-'))
  const path = join(folder, 's')
  const accepted = new Promise<Socket>((resolve) => (server = createServer(resolve)))
  await new Promise<void>((resolve) => server.listen(path, resolve))
  near = connect(path)
  far = await accepted
})

afterEach(async () => {
  near.destroy()
  far.destroy()
  await new Promise((resolve) => server.close(resolve))
  rmSync(folder, { recursive: true })
})

/** What the far side gets, and whether it hangs up. */
function listen(): { readonly got: Message[]; readonly closed: Promise<void> } {
  const got: Message[] = []
  const closed = new Promise<void>((resolve) => {
    links.push(new Link(far, (message) => got.push(message), resolve))
  })
  return { got, closed }
}

function framed(text: string): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt32LE(Buffer.byteLength(text))
  return Buffer.concat([head, Buffer.from(text)])
}

describe('a link', () => {
  it('takes messages however they are cut', async () => {
    const { got, closed } = listen()
    const sent = Array.from({ length: 40 }, (_, id) => ({
      type: 'pin' as const,
      traceId: 'é'.repeat(id)
    }))
    const bytes = Buffer.concat(sent.map((message) => framed(JSON.stringify(message))))
    const cuts = fc.sample(fc.integer({ min: 1, max: 40 }), 200)
    for (let at = 0, n = 0; at < bytes.length; n++) {
      const size = cuts[n % cuts.length] as number
      near.write(bytes.subarray(at, at + size))
      at += size
      await new Promise((resolve) => setImmediate(resolve))
    }
    near.end()
    await closed
    expect(got).toEqual(sent)
  })

  it.each([
    ['text that is not JSON', framed('hello')],
    ['JSON that is no message', framed('[1]')],
    ['a length beyond its bound', Buffer.from([255, 255, 255, 255, 0])],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n')]
  ])('hangs up on %s', async (_, bytes) => {
    const { got, closed } = listen()
    near.on('error', () => {})
    near.write(bytes)
    await closed
    expect(got).toEqual([])
  })

  it('tells when its peer reads nothing', async () => {
    const link = new Link(
      near,
      () => {},
      () => {}
    )
    for (let i = 0; i < 100 && !link.clogged; i++)
      link.send({ type: 'pin', traceId: 'x'.repeat(100_000) })
    expect(link.clogged).toBe(true)
    const drained = new Promise<void>((resolve) => link.onDrain(resolve))
    far.resume()
    await drained
    expect(link.clogged).toBe(false)
  })

  it('sends nothing that its peer would hang up on', async () => {
    const { got } = listen()
    const link = new Link(
      near,
      () => {},
      () => {}
    )
    expect(link.send({ type: 'pin', traceId: 'x'.repeat(64 * 2 ** 20) })).toBe(false)
    expect(link.send({ type: 'pin', traceId: 'x' })).toBe(true)
    await expect.poll(() => got).toEqual([{ type: 'pin', traceId: 'x' }])
  })
})
