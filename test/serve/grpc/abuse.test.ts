import fc from 'fast-check'
import { connect as connectHttp2, constants } from 'node:http2'
import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { afterEach, expect, it } from 'vitest'
import { until } from '../../until.ts'
import { call, exportPath, framed, start, type Started } from './setup.ts'

let started: Started | undefined
const sockets: Socket[] = []
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
  started?.server.close()
})

const plenty = { atOnce: 1000, requestsPerSecond: 1e6, spansPerSecond: 1e6 }

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

const settings = frame(4, 0, 0, Buffer.alloc(0))

/** HPACK without compression and without the table: `name: value` each. */
function headerBlock(headers: Record<string, string>): Buffer {
  const text = (value: string): Buffer => {
    const bytes = Buffer.from(value)
    if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes])
    const length = [127]
    let rest = bytes.length - 127
    for (; rest >= 128; rest >>>= 7) length.push((rest & 127) | 128)
    return Buffer.concat([Buffer.from([...length, rest]), bytes])
  }
  return Buffer.concat(
    Object.entries(headers).flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)])
  )
}

const callHeaders = headerBlock({
  ':method': 'POST',
  ':scheme': 'http',
  ':path': exportPath,
  ':authority': 'localhost',
  'content-type': 'application/grpc'
})

/** Bytes sent as they are; resolves when the server has ended the connection. */
async function sendRaw(port: number, ...parts: Buffer[]): Promise<Buffer> {
  const socket = connect(port, '127.0.0.1')
  sockets.push(socket)
  socket.on('error', () => undefined)
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  const closed = new Promise((resolve) => socket.on('close', resolve))
  for (const part of parts) socket.write(part)
  await closed
  return Buffer.concat(chunks)
}

/** A call is answered, though a server that ends silent connections in a hurry may take one for silent on a loaded machine. */
async function works(): Promise<void> {
  const { port, bodies, lines } = started as Started
  const before = bodies.length
  await until(async () => {
    const reply = await call(port, framed(Buffer.from('x'))).catch(() => undefined)
    return reply?.trailers['grpc-status'] === '0'
  })
  expect(bodies.length).toBeGreaterThan(before)
  expect(lines).toEqual([])
}

it.each<[string, Buffer[]]>([
  ['HTTP/1.1', [Buffer.from('POST / HTTP/1.1\r\nHost: a\r\n\r\n')]],
  ['TLS', [Buffer.from('16030100050100000100', 'hex')]],
  ['zeros', [Buffer.alloc(4096)]],
  ['a frame larger than allowed', [preface, settings, frame(0, 0, 1, Buffer.alloc(20_000))]],
  ['data of a stream that there is not', [preface, settings, frame(0, 1, 1, Buffer.alloc(5))]],
  ['a stream with an even number', [preface, settings, frame(1, 5, 2, callHeaders)]],
  ['headers that are no HPACK', [preface, settings, frame(1, 5, 1, Buffer.alloc(64, 0xff))]],
  [
    'headers without an end',
    [
      preface,
      settings,
      frame(1, 0, 1, callHeaders),
      ...Array.from({ length: 200 }, () =>
        frame(9, 0, 1, headerBlock({ x: 'y'.repeat(16_000) }).subarray(0, 16_000))
      )
    ]
  ],
  ['settings without an end', [preface, ...Array.from({ length: 20_000 }, () => settings)]]
])('%s ends the connection, and nothing else', async (_what, parts) => {
  started = await start({ idleMs: 50 })
  await sendRaw(started.port, ...parts)
  await works()
})

it('huge headers and too many of them are refused', async () => {
  started = await start()
  const many = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`x-${i}`, 'y']))
  for (const headers of [{ x: 'y'.repeat(70_000) }, many]) {
    const reply = await call(started.port, framed(Buffer.from('x')), headers).catch(() => undefined)
    expect(reply?.trailers['grpc-status']).not.toBe('0')
  }
  expect(started.bodies).toEqual([])
  await works()
})

it('streams that are opened and reset end the connection', async () => {
  started = await start({ ingestRates: plenty })
  const cancel = Buffer.from([0, 0, 0, constants.NGHTTP2_CANCEL])
  const parts = [preface, settings]
  for (let i = 0; i < 3000; i++) {
    parts.push(frame(1, 4, 2 * i + 1, callHeaders), frame(3, 0, 2 * i + 1, cancel))
  }
  await sendRaw(started.port, Buffer.concat(parts))
  await works()
})

it('half messages and those who leave in the middle hold no place', async () => {
  started = await start({ ingestRates: { ...plenty, atOnce: 4 } })
  for (let i = 0; i < 12; i++) {
    const socket = connect(started.port, '127.0.0.1')
    sockets.push(socket)
    const parts = [preface, settings, frame(1, 4, 1, callHeaders), frame(0, 0, 1, Buffer.alloc(3))]
    socket.write(Buffer.concat(parts))
    await once(socket, 'data')
    socket.destroy()
  }
  await works()
})

it('a silent connection is ended, and closing the port ends those that are open', async () => {
  started = await start({ idleMs: 50 })
  await sendRaw(started.port, preface, settings)
  await works()
  started.server.close()
  started = await start()
  const session = connectHttp2(`http://127.0.0.1:${started.port}`)
  session.on('error', () => undefined)
  await once(session, 'connect')
  const stream = session.request({ ':method': 'POST', ':path': exportPath })
  stream.on('error', () => undefined)
  stream.write('half')
  const closed = once(session, 'close')
  started.server.close()
  await closed
})

it('a port that is taken is told, and no more connections are kept than allowed', async () => {
  started = await start()
  const { port } = started
  await expect(start({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  let open = 0
  await Promise.all(
    Array.from({ length: 80 }, async () => {
      const socket = connect(port, '127.0.0.1')
      sockets.push(socket)
      socket.on('error', () => undefined)
      socket.write(Buffer.concat([preface, settings]))
      await new Promise((resolve) => {
        socket.on('close', resolve).on('data', resolve)
        socket.once('data', () => open++)
      })
    })
  )
  expect(open).toBe(64)
  for (const socket of sockets) socket.destroy()
  await works()
})

it('survives any change of any byte of a call', async () => {
  started = await start({
    ingestRates: plenty,
    bodyMs: 20,
    idleMs: 50
  })
  const { port } = started
  const whole = Buffer.concat([
    preface,
    settings,
    frame(1, 4, 1, callHeaders),
    frame(0, 1, 1, framed(Buffer.from('spans')))
  ])
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(fc.array(changes, { minLength: 20, maxLength: 20 }), async (all) => {
      await Promise.all(
        all.map(async (list) => {
          const bytes = Buffer.from(whole)
          // Behind the preface, where most would end.
          for (const [at, to] of list)
            bytes[preface.length + (at % (bytes.length - preface.length))] = to
          await sendRaw(port, bytes)
        })
      )
    }),
    { numRuns: 10 }
  )
  await works()
})
