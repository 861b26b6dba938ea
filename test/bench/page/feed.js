import { seeded } from '../statistics.js'

const spansOfBody = 1000
const services = ['shop', 'stock', 'payment', 'mail']
const operations = [
  'SELECT orders',
  'GET',
  'render',
  'POST /charge',
  'cache get',
  'publish order.created'
]

/** Sends a trace of `count` spans as another service would: OTLP/HTTP, in bodies within the limits of the door. Gives its id. */
export async function feed(port, count) {
  const random = seeded(count)
  const traceId = hex(random, 32)
  const spans = tree(random, traceId, count)
  for (let from = 0; from < count; from += spansOfBody)
    await post(port, body(spans.slice(from, from + spansOfBody)))
  return traceId
}

/** Adds a span to a trace, as one that comes late does; gives how many. */
export async function grow(port, traceId) {
  const [root] = tree(Math.random, traceId, 1)
  const late = { ...root, name: 'late', kind: 1, parentSpanId: hex(Math.random, 16) }
  await post(port, body([late]))
  return 1
}

// Each span hangs on one of the last few, so that the tree is deep in places and wide in others, as traces are.
function tree(random, traceId, count) {
  const start = BigInt(Date.now() - 60_000) * 1_000_000n
  const spans = []
  for (let i = 0; i < count; i++) {
    const parent = i === 0 ? undefined : spans[Math.max(0, i - 1 - Math.floor(random() ** 3 * 40))]
    const offset = i * 20_000
    spans.push({
      traceId,
      spanId: hex(random, 16),
      ...(parent && { parentSpanId: parent.spanId }),
      name: i === 0 ? 'GET /api/export' : operations[Math.floor(random() * operations.length)],
      kind: i === 0 ? 2 : 1 + Math.floor(random() * 3),
      startTimeUnixNano: String(start + BigInt(offset)),
      endTimeUnixNano: String(
        start + BigInt(i === 0 ? count * 20_000 : offset + Math.floor(random() * 4e6))
      ),
      attributes: attributesOf(random, i),
      ...(random() < 0.01 && { status: { code: 2, message: 'timed out' } })
    })
  }
  return spans
}

function attributesOf(random, i) {
  const texts = {
    'db.system.name': 'postgresql',
    'db.query.text': 'SELECT * FROM orders WHERE id = $1',
    'server.address': 'db.internal',
    'code.function.name': 'OrderService.load',
    'tenant.id': `t${Math.floor(random() * 500)}`,
    'peer.service': services[i % services.length]
  }
  const attributes = Object.entries(texts).map(([key, stringValue]) => ({
    key,
    value: { stringValue }
  }))
  return [
    ...attributes,
    { key: 'retry.count', value: { intValue: '0' } },
    { key: 'order.number', value: { intValue: String(i) } }
  ]
}

function body(spans) {
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'exporter' } }] }
  return JSON.stringify({
    resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'bench' }, spans }] }]
  })
}

// The door takes so many spans a second, and says when there are too many: an exporter then waits and sends again.
async function post(port, text) {
  for (let attempt = 0; attempt < 40; attempt++) {
    const response = await fetch(`http://127.0.0.1:${port}/_traces/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: text
    })
    const answer = await response.text()
    if (response.status === 200 && answer === '{}') return
    if (response.status !== 429) throw new Error(`ingest answered ${response.status} ${answer}`)
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
  throw new Error('ingest took no more spans for ten seconds')
}

function hex(random, digits) {
  let text = ''
  while (text.length < digits)
    text += Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0')
  return text
}
