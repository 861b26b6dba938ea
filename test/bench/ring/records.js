const scope = { name: 'spanlight', version: '' }
const none = []

/** The records that the ring is given: a request alone, or with what it called. */
export function recordOf(spans, epochMs, resource, size) {
  const server = spanOf(spans, spans.next(), { kind: 1 })
  const made = [server]
  for (let i = 1; i < size; i++)
    made.push(spanOf(spans, childOf(spans, i), { kind: 2, parentId: server.spanId }))
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
function childOf(spans, i) {
  const duration = 1e5 + spans.below(4e6)
  if (i % 3 === 0) {
    const id = spans.below(100_000)
    const url = `https://stock.example.com/items/${id}`
    const attributes = [
      'http.request.method',
      'GET',
      'url.full',
      url,
      'server.address',
      'stock.example.com'
    ]
    return { name: 'GET', duration, attributes: [...attributes, 'http.response.status_code', 200] }
  }
  const table = ['orders', 'customers', 'items', 'prices'][i % 4]
  const statement = `SELECT * FROM ${table} WHERE id = $1 AND tenant = $2`
  const attributes = [
    'db.system.name',
    'postgresql',
    'db.namespace',
    'shop',
    'db.query.text',
    statement
  ]
  return {
    name: `SELECT ${table}`,
    duration,
    attributes: [...attributes, 'db.operation.name', 'SELECT', 'server.address', 'db.internal']
  }
}

function spanOf(spans, { name, attributes, duration }, { kind, parentId }) {
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
