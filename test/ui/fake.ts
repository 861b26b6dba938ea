import type { ServiceMap, Status } from '../../src/wire/status.ts'
import type { Summary } from '../../src/wire/summary.ts'
import type { TraceColumns } from '../../src/wire/trace.ts'

/** A trace as the page gets it, with what a test cares about on top of a plain successful request. */
export function summaryOf(over: Partial<Summary> = {}): Summary {
  return {
    traceId: '0'.repeat(31) + '1',
    seq: 1,
    name: 'GET /orders/:id',
    service: 'api',
    services: ['api'],
    start: 1_795_000_000_000,
    duration: 12.5,
    status: 'unset',
    httpStatus: 200,
    method: 'GET',
    route: '/orders/:id',
    spans: 4,
    errors: 0,
    db: 1,
    inFlight: false,
    incomplete: false,
    kept: '',
    noise: '',
    ...over
  }
}

/** Three services, a database, a queue and a stranger, ten minutes of them. */
export function mapOf(): ServiceMap {
  const figures = (calls: number, failed: number, p95: number) => ({
    spans: calls * 3,
    errors: failed * 2,
    calls,
    failed,
    p50: p95 / 3,
    p95
  })
  return {
    nodes: [
      { name: 'shop', kind: 'service', ...figures(6000, 12, 180) },
      { name: 'stock', kind: 'service', ...figures(900, 0, 41) },
      { name: 'mail <b>', kind: 'service', ...figures(30, 30, 1200) },
      { name: 'postgresql', kind: 'db', ...figures(20_000, 3, 8) },
      { name: 'rabbitmq', kind: 'queue', ...figures(30, 0, 2) },
      { name: 'api.example.com:443', kind: 'external', ...figures(4, 0, 310) }
    ],
    edges: [
      { from: 'shop', to: 'stock', calls: 900, errors: 0, p50: 14, p95: 41 },
      { from: 'shop', to: 'mail <b>', calls: 30, errors: 30, p50: 400, p95: 1200 },
      { from: 'shop', to: 'rabbitmq', calls: 30, errors: 0, p50: 1, p95: 2 },
      { from: 'shop', to: 'api.example.com:443', calls: 4, errors: 0, p50: 100, p95: 310 },
      { from: 'stock', to: 'postgresql', calls: 20_000, errors: 3, p50: 3, p95: 8 },
      { from: 'stock', to: 'shop', calls: 2, errors: 0, p50: 5, p95: 9 }
    ],
    drawn: { traces: 6000, complete: true, from: 1_795_000_000_000, to: 1_795_000_600_000 }
  }
}

/** Numbers from 0 to 1, the same for the same seed. */
export function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

const routes: [method: string, route: string, ms: number, db: number, services: string[]][] = [
  ['GET', '/api/orders/:id', 18, 3, ['order-api']],
  ['GET', '/api/orders', 46, 6, ['order-api', 'storage']],
  ['POST', '/api/checkout', 210, 9, ['order-api', 'transform', 'storage']],
  ['GET', '/api/products', 9, 2, ['order-api']],
  ['GET', '/api/search', 74, 4, ['order-api', 'storage']],
  ['PUT', '/api/users/:id', 28, 2, ['order-api', 'storage']],
  ['DELETE', '/api/carts/:id', 15, 1, ['order-api']],
  ['POST', '/api/carts/:id/items', 22, 3, ['order-api', 'transform']]
]

/** Traces of a small shop, endless, the same for the same seed. */
export function* traffic(seed = 1): Generator<Summary> {
  const random = randomOf(seed)
  for (let n = 1; ; n++) {
    const traceId = n.toString(16).padStart(8, '0') + hex(random, 24)
    const dice = random()
    if (dice < 0.06) {
      const noise = dice < 0.04 ? 'health' : 'static'
      const route = noise === 'health' ? '/health' : '/assets/app.css'
      const duration = 0.3 + random() * 1.5
      yield summaryOf({
        traceId,
        seq: n,
        name: `GET ${route}`,
        route,
        duration,
        spans: 1,
        db: 0,
        noise
      })
      continue
    }
    const [method, route, ms, db, services] = routes[Math.floor(random() ** 1.4 * routes.length)]
    const duration =
      ms * Math.exp((random() + random() + random() - 1.5) * 1.6) * (random() < 0.01 ? 14 : 1)
    const fails = random() < 0.03
    const httpStatus = fails
      ? [500, 503, 502][n % 3]
      : random() < 0.05
        ? 404
        : method === 'POST'
          ? 201
          : 200
    yield summaryOf({
      traceId,
      seq: n,
      name: `${method} ${route}`,
      service: 'order-api',
      services,
      method,
      route,
      duration,
      httpStatus,
      status: fails ? 'error' : 'unset',
      errors: fails ? 1 + (n % 3) : 0,
      spans: Math.round(4 + db * 1.5 + random() * 12),
      db: route === '/api/search' && random() < 0.2 ? 38 : db,
      kept: fails ? 'error' : ''
    })
  }
}

function hex(random: () => number, length: number): string {
  let text = ''
  while (text.length < length) text += Math.floor(random() * 16).toString(16)
  return text
}

export function statusOf(over: Partial<Status> = {}): Status {
  return {
    version: '0.1.0',
    mode: 'local',
    why: 'NODE_ENV is development and the page is asked for from this machine',
    service: 'order-api',
    bootId: 'boot-1',
    node: 'v20.20.2',
    pid: 4242,
    uptimeMs: 372_000,
    ring: {
      capacity: 32 * 1024 * 1024,
      bytes: 18.4 * 1024 * 1024,
      spans: 214_000,
      traces: 1_000,
      evicted: 8_412,
      dropped: 12,
      oldest: Date.now() - 360_000
    },
    kept: { capacity: 8 * 1024 * 1024, bytes: 310_000, spans: 1_900, traces: 31 },
    drops: [
      { reason: 'spans over the limit of one trace', count: 9 },
      { reason: 'attribute value cut', count: 3 }
    ],
    inFlight: 3,
    instrumented: [
      { name: 'express 5', on: true, how: 'the middleware itself: requests, routes, errors' },
      { name: 'fetch', on: true, how: 'diagnostics channel of undici' },
      { name: 'http', on: true, how: 'request and get, whatever the import order' },
      { name: 'pg', on: true, how: 'handed over: instrument: { pg }' }
    ],
    libraries: [
      {
        name: 'winston',
        version: '3.19.0',
        traced: false,
        how: 'its module was not handed over; spanlight/register does so by itself',
        line: "tracing({ instrument: { winston } }) // import winston from 'winston'"
      },
      {
        name: 'postgres',
        version: '3.4.7',
        traced: false,
        how: 'postgres.js has no diagnostics channels yet'
      },
      { name: 'pg', version: '8.23.1', traced: true, how: 'handed over: instrument: { pg }' }
    ],
    exports: [],
    pages: 1,
    sample: 1,
    overheadMs: 812,
    ...over
  }
}

/** A small waterfall for any trace of the list. */
export function columnsFor(summary: Summary): TraceColumns {
  const us = summary.duration * 1000
  const names = [summary.name, 'SELECT orders', 'POST transform']
  return {
    summary,
    start: summary.start,
    extent: us,
    response: us,
    services: summary.services,
    names,
    spans: {
      id: ['a', 'b', 'c'].map((digit) => digit.repeat(16)),
      service: [0, 0, 0],
      name: [0, 1, 2],
      start: [0, us * 0.1, us * 0.5],
      duration: [us, us * 0.3, us * 0.4],
      self: [us * 0.3, us * 0.3, us * 0.4],
      depth: [0, 1, 1],
      parent: [-1, 0, 0],
      kind: [1, 2, 2],
      category: [0, 1, 2],
      flags: [0, 0, 0]
    },
    sites: { lines: [], of: [] },
    critical: {
      row: [0, 1, 0, 2, 0],
      from: [0, us * 0.1, us * 0.4, us * 0.5, us * 0.9],
      to: [us * 0.1, us * 0.4, us * 0.5, us * 0.9, us]
    },
    dropped: 0,
    joined: false,
    clocks: [],
    clockOf: []
  }
}
