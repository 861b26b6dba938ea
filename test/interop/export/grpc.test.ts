import { Metadata, ServerCredentials, status } from '@grpc/grpc-js'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AddressInfo, Socket } from 'node:net'
import { createServer as createTcp } from 'node:net'
import {
  createServer,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream
} from 'node:http2'
import { afterEach, describe, expect, it } from 'vitest'
import { paths } from '../../../src/interop/export/address.ts'
import type { Destination } from '../../../src/interop/export/destination.ts'
import { encodeProtobuf } from '../../../src/interop/otlp/encode-protobuf.ts'
import { rejectedInProtobuf } from '../../../src/interop/otlp/partial-success.ts'
import { type Exporting, exporting, traceOf } from './collector.ts'
import { until } from '../../until.ts'
import { grpcCollector } from './grpc-collector.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

function overGrpc(
  origin: string,
  more: Partial<Destination> = {},
  setup: Parameters<typeof exporting>[2] = {}
): Exporting {
  const exporter = exporting(
    origin + paths.grpc,
    {
      transport: 'grpc',
      format: {
        contentType: 'application/x-protobuf',
        body: encodeProtobuf,
        rejected: rejectedInProtobuf
      },
      ...more
    },
    setup
  )
  closers.push(() => exporter.close(0))
  return exporter
}

/** One that is killed when the test is over. */
async function grpcServer(...setup: Parameters<typeof grpcCollector>) {
  const server = await grpcCollector(...setup)
  closers.push(server.kill)
  return server
}

describe('a server of gRPC', () => {
  it('gets spans, compressed, with the headers it is given', async () => {
    const server = await grpcServer()
    const exporter = overGrpc(server.url, { headers: { 'x-team': 'shop' } })
    exporter.export(traceOf(2, 'first'))
    expect(await exporter.flush()).toBe(true)
    exporter.export(traceOf(1, 'second'))
    expect(await exporter.flush()).toBe(true)
    expect(server.calls.map(({ names }) => names)).toEqual([['first', 'first'], ['second']])
    expect(server.calls[0].metadata).toMatchObject({ 'x-team': 'shop', 'user-agent': 'spanlight' })
    expect(exporter.lines).toEqual([])
    expect(exporter.figures()).toMatchObject({ sent: 3, failed: 0, waiting: 0, lastError: '' })
  })

  it('gets spans uncompressed, in a message that is larger than a window', async () => {
    const server = await grpcServer()
    const exporter = overGrpc(server.url, { compression: 'none' })
    exporter.export(traceOf(8, 'large', 'x'.repeat(100_000)))
    expect(await exporter.flush()).toBe(true)
    expect(server.calls[0].names).toHaveLength(8)
  })

  it('is called over TLS by https, with a certificate of ours when it wants one', async () => {
    const file = (name: string) =>
      readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url))
    const [cert, key] = [file('cert.pem'), file('key.pem')]
    const pair = [{ cert_chain: cert, private_key: key }]
    const server = await grpcServer(() => ({}), ServerCredentials.createSsl(cert, pair, true))
    const url = `https://localhost:${server.port}`
    const ca = cert.toString()
    const exporter = overGrpc(url, { tls: { ca, cert: ca, key: key.toString() } })
    exporter.export(traceOf(1, 'secret'))
    expect(await exporter.flush()).toBe(true)
    expect(server.calls[0].names).toEqual(['secret'])

    const stranger = overGrpc(url, {}, { giveUpMs: 1 })
    stranger.export(traceOf(1))
    await until(() => stranger.figures().failed === 1)
    expect(stranger.figures().lastError).toMatch(/CERT|certificate/)
    expect(server.calls).toHaveLength(1)
  })

  it('may reject some spans of a batch', async () => {
    const server = await grpcServer(() => ({
      partialSuccess: { rejectedSpans: 2, errorMessage: 'no' }
    }))
    const exporter = overGrpc(server.url)
    exporter.export(traceOf(5))
    await until(() => exporter.figures().failed === 2)
    expect(exporter.figures().sent).toBe(3)
    expect(exporter.lines).toEqual([`spanlight: ${server.url} rejected some of the exported spans`])
  })

  it.each([
    'CANCELLED',
    'DEADLINE_EXCEEDED',
    'ABORTED',
    'OUT_OF_RANGE',
    'UNAVAILABLE',
    'DATA_LOSS'
  ] as const)('is called again after %s', async (name) => {
    const server = await grpcServer((nth) =>
      nth === 1 ? { code: status[name], details: 'later, naïve one' } : {}
    )
    const exporter = overGrpc(server.url)
    exporter.export(traceOf(1))
    await until(() => exporter.lines.length === 2)
    expect(exporter.lines[0]).toContain(
      `fails (gRPC status ${name}: later, naïve one); it is tried again`
    )
    expect(exporter.figures()).toMatchObject({ sent: 1, failed: 0 })
  })

  it.each([
    'UNKNOWN',
    'INVALID_ARGUMENT',
    'PERMISSION_DENIED',
    'RESOURCE_EXHAUSTED',
    'UNIMPLEMENTED',
    'INTERNAL',
    'UNAUTHENTICATED'
  ] as const)('loses what it refuses with %s', async (name) => {
    const server = await grpcServer(() => ({ code: status[name], details: '' }))
    const exporter = overGrpc(server.url)
    exporter.export(traceOf(2))
    await until(() => exporter.figures().failed === 2)
    expect(exporter.lines).toEqual([
      `spanlight: export to ${server.url} fails (gRPC status ${name}); its spans are lost`
    ])
    expect(server.calls).toHaveLength(1)
  })

  it.each(['gzip', 'none'] as const)(
    'gets what is beyond its own limit in halves, compression being %s',
    async (compression) => {
      const most = { 'grpc.max_receive_message_length': 50_000 }
      const server = await grpcServer(undefined, undefined, 0, most)
      const exporter = overGrpc(server.url, { compression }, { intervalMs: 60_000 })
      for (let i = 0; i < 40; i++) exporter.export(traceOf(1, `${i}`, 'x'.repeat(3000)))
      expect(await exporter.flush()).toBe(true)
      expect(exporter.figures()).toMatchObject({ sent: 40, failed: 0 })
      expect(server.calls.flatMap(({ names }) => names)).toHaveLength(40)
      expect(server.calls.length).toBeGreaterThan(2)
    }
  )

  it.each([
    ['Go', status.RESOURCE_EXHAUSTED, 'grpc: received message larger than max (9 vs. 8)'],
    [
      'Go, once it has unpacked it',
      status.RESOURCE_EXHAUSTED,
      'grpc: received message after decompression larger than max 4194304'
    ],
    ['Java', status.RESOURCE_EXHAUSTED, 'gRPC message exceeds maximum size 4194304: 5000000'],
    [
      'Rust',
      status.OUT_OF_RANGE,
      'Error, decoded message length too large: found 9 bytes, the limit is: 8 bytes'
    ],
    [
      'Rust, once it has unpacked it',
      status.RESOURCE_EXHAUSTED,
      'Error decompressing: size limit, of 8 bytes, exceeded while decompressing message'
    ],
    ['Spanlight', status.RESOURCE_EXHAUSTED, 'the body is too large']
  ])(
    'gets what is too large for it in halves, as a server in %s says it',
    async (_, code, details) => {
      const server = await grpcServer(() =>
        (server.calls.at(-1)?.names.length ?? 0) > 20 ? { code, details } : {}
      )
      const exporter = overGrpc(server.url, {}, { intervalMs: 60_000, retryMs: 3_600_000 })
      for (let i = 0; i < 40; i++) exporter.export(traceOf(1, `${i}`, 'x'.repeat(3000)))
      expect(await exporter.flush()).toBe(true)
      expect(exporter.figures()).toMatchObject({ sent: 40, failed: 0 })
      expect(exporter.lines).toEqual([])
    }
  )

  it('is waited for when its resources are exhausted and it says for how long', async () => {
    // google.rpc.Status { code: 8, details: [Any { RetryInfo { retry_delay: Duration { nanos: 300000000 } } }] }
    const duration = Buffer.from('1080c6868f01', 'hex')
    const info = Buffer.concat([Buffer.from([0x0a, duration.length]), duration])
    const type = Buffer.from('type.googleapis.com/google.rpc.RetryInfo')
    const any = Buffer.concat([
      Buffer.from([0x0a, type.length]),
      type,
      Buffer.from([0x12, info.length]),
      info
    ])
    const details = Buffer.concat([Buffer.from([0x08, 8, 0x1a, any.length]), any])
    const metadata = new Metadata()
    metadata.set('grpc-status-details-bin', details)
    const times: number[] = []
    const server = await grpcServer((nth) => {
      times.push(performance.now())
      return nth === 1 ? { code: status.RESOURCE_EXHAUSTED, details: 'slow down', metadata } : {}
    })
    const exporter = overGrpc(server.url)
    exporter.export(traceOf(1))
    await until(() => times.length === 2)
    // Without it the spans would be lost, and any other pause is 5 ms.
    expect(times[1] - times[0]).toBeGreaterThan(250)
  })

  it('is found again after it was killed, nothing being lost', async () => {
    const first = await grpcServer()
    const exporter = overGrpc(first.url, {}, { retryMs: 20 })
    exporter.export(traceOf(1, 'before'))
    expect(await exporter.flush()).toBe(true)
    first.kill()
    exporter.export(traceOf(3, 'meanwhile'))
    await until(() => exporter.lines.length === 1)
    const second = await grpcServer(() => ({}), ServerCredentials.createInsecure(), first.port)
    await until(() => exporter.lines.length === 2)
    exporter.export(traceOf(1, 'after'))
    expect(await exporter.flush()).toBe(true)
    expect(second.calls.flatMap(({ names }) => names).sort()).toEqual([
      'after',
      'meanwhile',
      'meanwhile',
      'meanwhile'
    ])
    expect(exporter.drops()).toEqual({})
  })

  it('may be killed between two calls without a word', async () => {
    const first = await grpcServer()
    const exporter = overGrpc(first.url)
    exporter.export(traceOf(1))
    expect(await exporter.flush()).toBe(true)
    first.kill()
    await grpcServer(() => ({}), ServerCredentials.createInsecure(), first.port)
    exporter.export(traceOf(1))
    expect(await exporter.flush()).toBe(true)
    expect(exporter.lines).toEqual([])
  })
})

type Speak = (stream: ServerHttp2Stream, session: ServerHttp2Session, nth: number) => void

/** HTTP/2 that is no server of gRPC, or a bad one. */
async function rawServer(
  speak: Speak
): Promise<{ url: string; sessions: Set<ServerHttp2Session>; count(): number }> {
  const server: Http2Server = createServer()
  const sessions = new Set<ServerHttp2Session>()
  let nth = 0
  server.on('session', (session) => {
    sessions.add(session)
    session.on('error', () => {})
    session.on('close', () => sessions.delete(session))
  })
  server.on('stream', (stream) => {
    stream.on('error', () => {})
    stream.resume()
    speak(stream, stream.session as ServerHttp2Session, ++nth)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    for (const session of sessions) session.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, sessions, count: () => nth }
}

const ok = { ':status': 200, 'content-type': 'application/grpc' }

describe('a server that is not well', () => {
  it.each<[string, Speak, string, 'retry' | 'lost']>([
    ['never answers', () => {}, 'no answer within 200 ms', 'retry'],
    [
      'answers with headers and no more',
      (stream) => stream.respond(ok),
      'no answer within 200 ms',
      'retry'
    ],
    [
      'ends without a status',
      (stream) => {
        stream.respond(ok)
        stream.end('x')
      },
      'answer without a status',
      'retry'
    ],
    [
      'answers with a status alone',
      (stream) =>
        stream.respond({ ...ok, 'grpc-status': '13', 'grpc-message': '100%' }, { endStream: true }),
      'gRPC status INTERNAL: 100%',
      'lost'
    ],
    [
      'has a status that is none',
      (stream) => stream.respond({ ...ok, 'grpc-status': 'fine' }, { endStream: true }),
      'answer without a status',
      'retry'
    ],
    [
      'has a status of another time',
      (stream) => stream.respond({ ...ok, 'grpc-status': '99' }, { endStream: true }),
      'gRPC status 99',
      'lost'
    ],
    [
      'has details that are no protobuf',
      (stream) =>
        stream.respond(
          { ...ok, 'grpc-status': '8', 'grpc-status-details-bin': '/////w==' },
          { endStream: true }
        ),
      'gRPC status RESOURCE_EXHAUSTED',
      'lost'
    ],
    [
      'is a proxy without one',
      (stream) => stream.respond({ ':status': 503 }, { endStream: true }),
      'HTTP status 503',
      'retry'
    ],
    [
      'is a web server',
      (stream) => {
        stream.respond({ ':status': 404 })
        stream.end('<html>')
      },
      'HTTP status 404',
      'lost'
    ],
    ['resets the call', (stream) => stream.close(7), 'ERR_HTTP2_STREAM_ERROR', 'retry'],
    ['goes away', (_stream, session) => session.goaway(0, 0), 'no answer within 200 ms', 'retry'],
    [
      'goes away in anger',
      (_stream, session) => session.goaway(11),
      'ERR_HTTP2_SESSION_ERROR',
      'retry'
    ],
    ['cuts the connection', (_stream, session) => session.destroy(), '', 'retry'],
    [
      'sends a body without an end',
      (stream) => {
        stream.respond(ok)
        const more = (): void => {
          while (!stream.destroyed && stream.write('x'.repeat(16_384)));
        }
        stream.on('drain', more)
        more()
      },
      'answer without an end',
      'lost'
    ],
    [
      'sends a header that is too large',
      (stream) => {
        for (let i = 0; i < 60; i++)
          stream.additionalHeaders({ ':status': 103, [`x-${i}`]: 'y'.repeat(4000) })
        stream.respond({ ...ok, 'x-large': 'z'.repeat(60_000) })
      },
      '',
      'retry'
    ]
  ])('%s', async (_what, speak, why, becomes) => {
    const server = await rawServer(speak)
    // Where something is said it must not come too late, as it may on a loaded machine.
    const hurried = why === '' || why.startsWith('no answer')
    const exporter = overGrpc(server.url, hurried ? { timeoutMs: 200 } : {})
    exporter.export(traceOf(2))
    if (becomes === 'lost') await until(() => exporter.figures().failed === 2)
    else await until(() => server.count() > 2)
    expect(exporter.lines).toHaveLength(1)
    expect(exporter.lines[0]).toContain(
      becomes === 'lost' ? 'its spans are lost' : 'it is tried again'
    )
    expect(exporter.figures().lastError).toContain(why)
    if (becomes === 'lost') expect(server.count()).toBe(1)
    else expect(exporter.figures()).toMatchObject({ waiting: 2, failed: 0 })
    await exporter.close(0)
    await until(() => server.sessions.size === 0)
  })

  it('is left alone once the exporter is closed, even by a call that was on its way', async () => {
    const server = await rawServer((stream, _session, nth) => {
      if (nth > 1) return
      stream.respond(ok, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      stream.end(Buffer.alloc(5))
    })
    const exporter = overGrpc(server.url)
    exporter.export(traceOf(1))
    expect(await exporter.flush()).toBe(true)
    exporter.export(traceOf(2))
    await until(() => server.count() === 2)
    await exporter.close(0)
    await until(() => server.sessions.size === 0)
    // What would come now had nothing else to wait for.
    await sleep(50)
    expect([server.count(), server.sessions.size]).toEqual([2, 0])
    expect(exporter.figures()).toMatchObject({ sent: 1, failed: 2 })
  })

  it('is not called by an exporter that was closed while the call was made ready', async () => {
    const server = await rawServer(() => {})
    const ready: (() => void)[] = []
    const authorize = () =>
      new Promise<Record<string, string>>((resolve) => ready.push(() => resolve({})))
    const exporter = overGrpc(server.url, { authorize })
    exporter.export(traceOf(2))
    await until(() => ready.length === 1)
    await exporter.close(0)
    ready[0]()
    await sleep(50)
    expect([server.count(), server.sessions.size]).toEqual([0, 0])
    expect(exporter.figures()).toMatchObject({ sent: 0, failed: 2 })
  })

  it('may go away after each call: the next has a connection of its own', async () => {
    const server = await rawServer((stream, session) => {
      stream.respond(ok, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      stream.on('close', () => session.goaway(0))
      stream.end(Buffer.alloc(5))
    })
    const exporter = overGrpc(server.url)
    for (let i = 0; i < 5; i++) {
      exporter.export(traceOf(1))
      expect(await exporter.flush()).toBe(true)
    }
    expect(server.count()).toBe(5)
    expect(exporter.lines).toEqual([])
  })

  it.each([
    ['nothing', ''],
    ['HTTP/1.1', 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'],
    ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
    // Frames of SETTINGS without number, each of which asks for an answer.
    [
      'a flood',
      Buffer.concat(Array.from({ length: 20_000 }, () => Buffer.from('000000040000000000', 'hex')))
    ],
    // GOAWAY frames without number.
    [
      'farewells',
      Buffer.concat([
        Buffer.from('000000040000000000', 'hex'),
        ...Array.from({ length: 20_000 }, () =>
          Buffer.from('0000080700000000000000000000000000', 'hex')
        )
      ])
    ]
  ])('may say %s and hang up', async (_what, answer) => {
    const sockets = new Set<Socket>()
    const server = createTcp((socket) => {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => sockets.delete(socket))
      socket.once('data', () => socket.end(answer))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closers.push(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    const { port } = server.address() as AddressInfo
    const exporter = overGrpc(`http://127.0.0.1:${port}`, { timeoutMs: 500 }, { giveUpMs: 50 })
    exporter.export(traceOf(1))
    await until(() => exporter.figures().failed === 1)
    expect(exporter.lines).toHaveLength(1)
    expect(exporter.lines[0]).toContain('it is tried again')
    await exporter.close(0)
    await until(() => sockets.size === 0)
  })
})
