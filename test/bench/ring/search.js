// A full ring behind the API that the page uses, and how long its reads keep the event loop from everybody else. Needs `--expose-gc`.
import { createServer } from 'node:http'
import { createReport } from '../../../src/base/report.ts'
import { jsonParts } from '../../../src/interop/otlp/encode.ts'
import { createReader } from '../../../src/query/reader.ts'
import { Routes } from '../../../src/query/routes.ts'
import { Api } from '../../../src/serve/api.ts'
import { createStore } from '../../../src/store/store.ts'
import { summarise } from '../../../src/trace/summary.ts'
import { answer } from '../child.js'
import { recordOf } from './records.js'
import { HttpSpans } from './spans.js'
import { traceOf } from './traces.js'

const resource = { service: 'shop', attributes: ['deployment.environment.name', 'development'] }
const now = () => performance.now()
// More than a segment holds, so that no text comes back sooner than it would in life.
const variety = 50_000
const rareEvery = 10_007

let store
let routes
let server

/** Starts the API over an empty store of that size. */
async function open({ mebibytes }) {
  store = createStore({ memory: mebibytes * 2 ** 20, report: createReport() })
  routes = new Routes(now)
  const nothing = { get: () => undefined, ids: () => [], inFlight: () => [], size: 0 }
  const reader = createReader({ store, open: nothing, routes, now })
  const api = new Api({
    reader,
    store,
    status: () => ({}),
    formats: async () => ({
      otlp: { extension: 'json', contentType: 'application/json', write: jsonParts }
    })
  })
  server = createServer((req, res) => {
    const [path, query = ''] = req.url.slice(1).split('?')
    void api.handle(req, res, path, query)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: server.address().port }
}

/**
 * Fills both rings until the first spans are lost: the kept one with failures, then the recent one as a service does, one request in ten
 * failing. Every so often comes one that searches look for.
 */
function fill() {
  const spans = new HttpSpans(3)
  const records = Array.from({ length: variety }, () => recordOf(spans, 0, resource, 1))
  const planted = []
  let epochMs = 1.8e12
  let i = 0
  function add(keepAll) {
    const plain = records[i % variety]
    const isRare = i % rareEvery === 0
    epochMs += spans.below(20)
    const record = { ...(isRare ? rare(plain, i) : plain), traceId: spans.hex(32), epochMs }
    if (isRare) planted.push(record.traceId)
    const figures = summarise(record)
    const failed = keepAll || figures.httpStatus >= 500
    routes.observe(figures)
    store.add(record, failed ? 'error' : '', figures)
    i++
  }
  const { stats } = store
  while (store.stats.kept.evictedSpans === 0) for (let n = 0; n < 1000; n++) add(true)
  const lost = store.stats.recent.evictedSpans
  const full = i + stats.recent.capacity / 64
  while (i < full || store.stats.recent.evictedSpans === lost)
    // Asking after each record would cost more than adding it.
    for (let n = 0; n < 1000; n++) add(false)
  const { recent, kept } = store.stats
  // What making them has left behind is not ours to be blocked by.
  records.length = 0
  globalThis.gc()
  const rares = planted.filter((traceId) => store.has(traceId)).length
  return { recent: recent.spans, kept: kept.spans, rares }
}

/** What no other span has: its status, route, duration, port, user agent. */
function rare(record, i) {
  const [span] = record.spans
  const attributes = [...span.attributes]
  const set = (key, value) => (attributes[attributes.indexOf(key) + 1] = value)
  set('http.response.status_code', 418)
  set('http.route', '/api/teapots/:id')
  set('url.path', `/api/teapots/${i}`)
  set('network.peer.port', 65_500)
  set('user_agent.original', 'kettle/1.0')
  return { ...record, spans: [{ ...span, attributes, duration: 60e9 + i }] }
}

/** Keeps a trace of that many spans, as collectors send it. */
function trace({ spans }) {
  const records = traceOf(new HttpSpans(spans), 1.8e12, spans)
  for (const record of records) store.add(record, '')
  globalThis.gc()
  return { traceId: records[0].traceId, spanId: records.at(-1).spans.at(-1).spanId }
}

let longest = 0
let spinning = false

// A turn of the loop that does nothing but this takes some microseconds; what it takes longer, somebody has blocked it.
function spin(before) {
  if (!spinning) return
  const at = performance.now()
  longest = Math.max(longest, at - before)
  setImmediate(spin, at)
}

function watch() {
  longest = 0
  spinning = true
  spin(performance.now())
}

/** The longest turn of the event loop since `watch`, in milliseconds. */
function blocked() {
  spinning = false
  return { longest }
}

answer({ open, fill, trace, watch, blocked })
process.send({})
