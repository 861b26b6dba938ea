const scope = { name: 'spanlight', version: '' }
const none = []
const tables = ['orders', 'customers', 'items', 'prices']

/** Spans that a record may hold, by name: each kind by itself, and a request with what it called. */
export const shapes = {
  'HTTP server, 10 attributes': (spans) => [serverSpan(spans)],
  'HTTP client': (spans) => [spanOf(spans, callOf(spans), 2)],
  'database query': (spans) => [spanOf(spans, queryOf(spans), 2)],
  'custom, no attributes': (spans) => [spanOf(spans, customOf(spans), 0)],
  'HTTP server, an exception and its stack': (spans) => [failedSpan(spans)],
  'request of six': (spans) => requestOf(spans, 6)
}

/** A request as the ring is given it: alone, or with what it called. */
export function recordOf(spans, epochMs, resource, size) {
  return recordWith(spans, epochMs, resource, requestOf(spans, size))
}

/** A record of spans that one of `shapes` has made. */
export function recordWith(spans, epochMs, resource, made) {
  return {
    traceId: spans.hex(32),
    epochMs,
    resource,
    source: 'local',
    spans: made,
    droppedSpans: 0
  }
}

// Two of three are queries, the others calls: what stands below most requests.
function requestOf(spans, size) {
  const server = serverSpan(spans)
  const made = [server]
  for (let i = 1; i < size; i++) {
    const child = i % 3 === 0 ? callOf(spans) : queryOf(spans)
    made.push(spanOf(spans, child, 2, server.spanId))
  }
  return made
}

function serverSpan(spans) {
  return spanOf(spans, spans.next(), 1)
}

function callOf(spans) {
  const attributes = [
    'http.request.method',
    'GET',
    'url.full',
    spans.text(`https://stock.example.com/items/${spans.below(100_000)}`),
    'server.address',
    'stock.example.com',
    'server.port',
    443,
    'http.response.status_code',
    200
  ]
  return { name: 'GET', duration: 1e5 + spans.below(4e6), attributes }
}

function queryOf(spans) {
  const table = tables[spans.below(tables.length)]
  const attributes = [
    'db.system.name',
    'postgresql',
    'db.namespace',
    'shop',
    'db.query.text',
    spans.text(`SELECT * FROM ${table} WHERE id = $1 AND tenant = $2`),
    'db.operation.name',
    'SELECT',
    'server.address',
    'db.internal'
  ]
  return { name: `SELECT ${table}`, duration: 1e5 + spans.below(4e6), attributes }
}

function customOf(spans) {
  const name = ['render', 'price the cart', 'serialize', 'authorize'][spans.below(4)]
  return { name, duration: 1e4 + spans.below(1e6), attributes: none }
}

// The first line of a stack repeats the message, so that with an id in it no two stacks are alike; their frames are.
function failedSpan(spans) {
  const message = spans.text(`order ${spans.below(1e7)} is not there`)
  const path = spans.below(20)
  const frames = Array.from(
    { length: 10 },
    (_, i) =>
      `    at Step${(path * 7 + i) % 40}.run (/srv/shop/dist/steps/step${(path + i) % 40}.js:${20 + path}:${9 + i})`
  )
  const span = spanOf(spans, spans.next(), 1)
  const attributes = [
    'exception.type',
    'NotFoundError',
    'exception.message',
    message,
    'exception.stacktrace',
    spans.text(`NotFoundError: ${message}\n${frames.join('\n')}`)
  ]
  return {
    ...span,
    status: 2,
    statusMessage: message,
    events: [{ name: 'exception', time: span.start + span.duration, attributes }]
  }
}

function spanOf(spans, { name, attributes, duration }, kind, parentId) {
  return {
    spanId: spans.hex(16),
    parentId,
    parentRemote: false,
    name,
    kind,
    start: parentId === undefined ? spans.below(1e6) : 1e6 + spans.below(2e6),
    duration,
    open: false,
    status: 0,
    statusMessage: '',
    traceState: '',
    flags: 3,
    scope,
    attributes,
    events: none,
    links: none,
    logs: none,
    droppedAttributes: 0,
    droppedEvents: 0,
    droppedLinks: 0
  }
}
