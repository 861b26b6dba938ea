import { describe, expect, it } from 'vitest'
import { categoryOf, databaseOf, isLayer, peerOf } from '../../src/query/categories.ts'
import { flat, span } from './fixtures.ts'

const kind = { internal: 0, server: 1, client: 2, producer: 3, consumer: 4 } as const

describe('categoryOf', () => {
  it.each([
    ['server', { 'http.request.method': 'GET' }, 'http-in'],
    ['server', {}, 'http-in'],
    ['server', { 'rpc.system': 'grpc' }, 'rpc'],
    ['client', { 'http.request.method': 'GET' }, 'http-out'],
    ['client', { 'http.method': 'GET' }, 'http-out'],
    ['client', { 'db.system.name': 'postgresql' }, 'db'],
    ['client', { 'db.system': 'mysql' }, 'db'],
    ['client', { 'db.system.name': 'redis' }, 'cache'],
    ['internal', { 'db.system.name': 'sqlite' }, 'db'],
    ['producer', { 'messaging.system': 'kafka' }, 'queue'],
    ['producer', {}, 'queue'],
    ['consumer', {}, 'queue'],
    ['client', { 'rpc.system': 'aws-api' }, 'rpc'],
    ['client', {}, 'io'],
    ['internal', {}, 'internal'],
    ['internal', { 'http.request.method': 'GET' }, 'internal']
  ] as const)('takes a %s span with %o for %s', (name, attributes, category) => {
    expect(categoryOf(span({ id: 1, kind: kind[name], attributes: flat(attributes) }))).toBe(
      category
    )
  })

  it('knows files, names and sockets by their instrumentation or their name', () => {
    const scope = { name: '@opentelemetry/instrumentation-fs', version: '' }
    expect(categoryOf(span({ id: 1, scope }))).toBe('io')
    expect(categoryOf(span({ id: 1, name: 'tcp.connect' }))).toBe('io')
    expect(categoryOf(span({ id: 1, name: 'fs readFile' }))).toBe('io')
    expect(categoryOf(span({ id: 1, name: 'network' }))).toBe('internal')
  })
})

describe('isLayer', () => {
  it.each([
    ['internal', { 'express.type': 'router' }, true],
    ['internal', { 'koa.name': 'x', 'koa.type': 'middleware' }, true],
    ['internal', { 'fastify.type': 'request_handler' }, true],
    ['internal', { 'order.type': 'router' }, false],
    ['internal', {}, false],
    ['server', { 'express.type': 'router' }, false]
  ] as const)('takes a %s span with %o for one: %s', (name, attributes, is) => {
    expect(isLayer(span({ id: 1, kind: kind[name], attributes: flat(attributes) }))).toBe(is)
  })
})

describe('databaseOf and peerOf', () => {
  it('name what a client span calls', () => {
    const database = span({ id: 1, kind: 2, attributes: flat({ 'db.system': 'mysql' }) })
    expect(databaseOf(database)).toBe('mysql')
    expect(databaseOf({ ...database, kind: 0 })).toBe('')
    const peer = (attributes: Record<string, string | number>): string =>
      peerOf(span({ id: 1, attributes: flat(attributes) }))
    expect(peer({ 'server.address': 'pay.example', 'server.port': 443 })).toBe('pay.example:443')
    expect(peer({ 'net.peer.name': 'old', 'net.peer.port': 80 })).toBe('old:80')
    expect(peer({ 'server.address': 'pay.example' })).toBe('pay.example')
    expect(peer({ 'messaging.system': 'kafka' })).toBe('kafka')
    expect(peer({})).toBe('')
  })
})
