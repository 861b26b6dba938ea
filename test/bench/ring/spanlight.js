// A span's whole life through the tracer, and what a million of them leave in V8's heap. The package wired as it is for users.
import { createServer } from 'node:http'
import { contextStorage, rootContext, suppressed } from '../../../src/context/context.ts'
import { expressMiddleware } from '../../../src/host/express.ts'
import { createTracing } from '../../../src/tracing.ts'
import { answerLife } from './life.js'

const { host, tracer } = createTracing({ service: 'bench', access: 'local' })
const trace = expressMiddleware(host)
const server = createServer((req, res) => trace(req, res, () => res.end()))
// This process asks itself, and the asking must not be among the spans.
const quiet = suppressed(rootContext)
const kind = { kind: 1, root: true }

async function count() {
  const address = `http://127.0.0.1:${server.address().port}/_traces/api/status`
  const response = await contextStorage.run(quiet, fetch, address)
  const { ring, drops } = await response.json()
  if (drops.length > 0) throw new Error(`spans were dropped: ${JSON.stringify(drops)}`)
  return { ended: ring.spans + ring.evicted, full: ring.evicted > 0 }
}

server.listen(0, '127.0.0.1', () =>
  answerLife({ start: (name) => tracer.start(name, kind), count })
)
