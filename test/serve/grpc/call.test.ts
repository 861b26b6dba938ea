import { randomBytes } from 'node:crypto'
import { connect, type OutgoingHttpHeaders } from 'node:http2'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import protobuf from 'protobufjs'
import { ingestToken } from '../fixtures.ts'
import { call, exportPath, framed, start, type Started, type StartOptions } from './setup.ts'

let started: Started | undefined
afterEach(() => started?.server.close())

const message = Buffer.from('spans')
const gzip = { 'grpc-encoding': 'gzip' }

async function ask(
  body: Buffer | undefined,
  headers: OutgoingHttpHeaders = {},
  options: StartOptions = {}
) {
  started = await start(options)
  const reply = await call(started.port, body, headers)
  const code = reply.trailers['grpc-status']
  return { ...reply, started, code, said: reply.trailers['grpc-message'] }
}

describe('a call with spans', () => {
  it('is answered in gRPC’s form', async () => {
    const { headers, trailers, body, reset, started } = await ask(framed(message))
    expect(headers).toMatchObject({
      ':status': 200,
      'content-type': 'application/grpc',
      'grpc-accept-encoding': 'identity,gzip'
    })
    expect(headers['grpc-status']).toBeUndefined()
    expect(trailers['grpc-status']).toBe('0')
    expect(body).toEqual(framed(Buffer.alloc(0)))
    expect(reset).toBe(0)
    expect(started.bodies).toEqual([message])
  })

  it.each<[string, Buffer, OutgoingHttpHeaders]>([
    ['with protobuf named', framed(message), { 'content-type': 'application/grpc+proto' }],
    ['gzipped', framed(gzipSync(message), 1), { 'grpc-encoding': 'gzip' }],
    ['plain though gzip is named', framed(message), { 'grpc-encoding': 'gzip' }],
    ['with a deadline', framed(message), { 'grpc-timeout': '10S' }],
    ['with a deadline that is none', framed(message), { 'grpc-timeout': '-1x' }]
  ])('is taken %s', async (_what, body, headers) => {
    const { code, started } = await ask(body, headers)
    expect(code).toBe('0')
    expect(started.bodies).toEqual([message])
  })

  it('is taken up to 4 MiB, four at once over one connection', async () => {
    started = await start()
    // What the sender holds of them, too, counts against a bound, from Node 22 on.
    const session = connect(`http://127.0.0.1:${started.port}`, { maxSessionMemory: 64 })
    const body = framed(Buffer.alloc(4 * 1024 * 1024 - 5, 1))
    const codes = await Promise.all(
      [1, 2, 3, 4].map(
        () =>
          new Promise((resolve, reject) => {
            const stream = session.request({
              ':method': 'POST',
              ':path': exportPath,
              'content-type': 'application/grpc'
            })
            stream.on('trailers', (block) => resolve(block['grpc-status']))
            stream.on('error', reject).resume().end(body)
          })
      )
    )
    session.destroy()
    expect(codes).toEqual(['0', '0', '0', '0'])
    expect(started.bodies.map(({ length }) => length)).toEqual(Array(4).fill(body.length - 5))
  })

  it.each<[string, Buffer | undefined, OutgoingHttpHeaders, string]>([
    ['without a message', undefined, {}, '3'],
    ['with half a prefix', Buffer.alloc(3), {}, '3'],
    ['with less than it says', framed(message).subarray(0, 8), {}, '3'],
    ['with two messages', Buffer.concat([framed(message), framed(message)]), {}, '3'],
    ['with a flag that there is not', framed(message, 2), { 'grpc-encoding': 'gzip' }, '3'],
    ['compressed without a word', framed(gzipSync(message), 1), {}, '3'],
    ['with gzip that is none', framed(message, 1), { 'grpc-encoding': 'gzip' }, '3'],
    ['with another compression', framed(message, 1), { 'grpc-encoding': 'snappy' }, '12'],
    ['with too much', framed(Buffer.alloc(4 << 20)), {}, '8'],
    ['with too much gzip', framed(gzipSync(randomBytes(1 << 20)), 1), gzip, '8'],
    ['with a bomb', framed(gzipSync(Buffer.alloc(5 << 20)), 1), gzip, '8'],
    ['to another method', framed(message), { ':path': `${exportPath}2` }, '12'],
    ['from a page', framed(message), { origin: 'http://localhost:4317' }, '7'],
    ['to a name that is not ours', framed(message), { ':authority': 'evil.example:4317' }, '7'],
    ['through a proxy', framed(message), { 'x-forwarded-for': '10.0.0.1' }, '7']
  ])('%s is refused', async (_what, body, headers, expected) => {
    const { code, said, started, headers: block } = await ask(body, headers)
    expect(code).toBe(expected)
    expect(said).toMatch(/^[\x20-\x7e]+$/)
    expect(block[':status']).toBe(200)
    expect(started.bodies).toEqual([])
    expect(started.lines).toEqual([])
    // What needs no answer of the door for spans is no loss of spans.
    expect(started.report.drops.get('ingest refused')).toBe(
      headers[':path'] === undefined ? 1 : undefined
    )
  })

  it.each<[OutgoingHttpHeaders, number]>([
    [{ 'content-type': 'application/json' }, 415],
    [{ 'content-type': 'application/grpc+json' }, 415],
    [{ 'content-type': 'application/grpc-web' }, 415],
    [{ ':method': 'PUT' }, 405]
  ])('that is no gRPC (%j) is answered in HTTP', async (headers, status) => {
    const { headers: block, code } = await ask(framed(message), headers)
    expect(block[':status']).toBe(status)
    expect(code).toBeUndefined()
  })

  it('needs the right token where one is needed, ten times at most', async () => {
    const options: StartOptions = { mode: 'token', ingestToken }
    const right = { authorization: `Bearer ${ingestToken}` }
    expect((await ask(framed(message), {}, options)).code).toBe('16')
    started?.server.close()
    const { started: one } = await ask(framed(message), right, options)
    const status = async (bearer: string) =>
      (await call(one.port, framed(message), { authorization: `Bearer ${bearer}` })).trailers[
        'grpc-status'
      ]
    expect(await status(ingestToken)).toBe('0')
    for (let i = 0; i < 10; i++) expect(await status('wrong')).toBe('16')
    expect(await status(ingestToken)).toBe('14')
  })

  it('that comes too fast is told when to come again', async () => {
    const ingestRates = { atOnce: 0, requestsPerSecond: 1, spansPerSecond: 1 }
    const { code, said, trailers } = await ask(framed(message), {}, { ingestRates })
    expect([code, said]).toEqual(['14', 'spans come faster than they can be kept'])
    const { root } = protobuf.parse(`syntax = "proto3";
      message Any { string type_url = 1; bytes value = 2; }
      message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
      message Duration { int64 seconds = 1; int32 nanos = 2; }
      message RetryInfo { Duration retry_delay = 1; }`)
    const details = Buffer.from(String(trailers['grpc-status-details-bin']), 'base64')
    const status: any = root.lookupType('Status').decode(details)
    expect(status).toMatchObject({ code: 14, message: said })
    expect(status.details[0].typeUrl).toBe('type.googleapis.com/google.rpc.RetryInfo')
    const info: any = root.lookupType('RetryInfo').decode(status.details[0].value)
    expect(Number(info.retryDelay.seconds)).toBe(1)
  })

  it('whose message does not come is not waited for', async () => {
    started = await start({ bodyMs: 50 })
    const { trailers } = await call(
      started.port,
      framed(message).subarray(0, 7),
      {},
      { open: true }
    )
    expect(trailers['grpc-status']).toBe('4')
  })

  it('is reset when our side fails, and the next one is taken', async () => {
    let first = true
    started = await start({
      async ingest() {
        if (!first) return { rejected: 0, message: '', spans: 1 }
        first = false
        throw new Error('ours')
      }
    })
    const failed = await call(started.port, framed(message))
    expect(failed.reset).toBe(2)
    expect(started.lines.join('')).toContain('the gRPC port failed and went on')
    expect((await call(started.port, framed(message))).trailers['grpc-status']).toBe('0')
  })
})
