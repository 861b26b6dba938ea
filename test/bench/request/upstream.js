// What is on the other end of a contestant's calls, in one process on the load's core: the service that the fetch handler asks, and what the
// peers send their spans to. Both are sent and counted whole, as in production, but kept nowhere.
import { createServer } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { answer } from '../child.js'

let spans = 0

const server = createServer(async (req, res) => {
  if (req.method === 'GET' && req.url.startsWith('/prices/')) {
    res.setHeader('content-type', 'application/json')
    return res.end(`{"id":"${req.url.slice(8)}","price":4200,"currency":"EUR"}`)
  }
  const chunks = []
  for await (const chunk of req) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  if (/^\/v0\.[45]\/traces$/.test(req.url)) {
    spans += occurrences(body, spanIdOfDatadog) - occurrences(body, connectOfDatadog)
    res.setHeader('content-type', 'application/json')
    return res.end('{"rate_by_service":{"service:,env:":1}}')
  }
  if (req.url === '/intake/v2/events') {
    const lines = req.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
    spans += occurrences(lines, '\n{"transaction":') + occurrences(lines, '\n{"span":')
    res.statusCode = 202
    return res.end()
  }
  // Neither an agent with more to offer, nor a central configuration.
  res.statusCode = 404
  res.end()
})
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
answer({ counted: () => ({ spans }) })

// Strings in MessagePack, after the byte that tells their length: the key of a span's own id, and the name of the spans that dd-trace makes of new
// connections, of which a pool needs now more, now less.
const spanIdOfDatadog = '\u00a7span_id'
const connectOfDatadog = '\u00abtcp.connect'

function occurrences(bytes, text) {
  const wanted = Buffer.from(text, 'latin1')
  let found = 0
  for (let at = bytes.indexOf(wanted); at >= 0; at = bytes.indexOf(wanted, at + wanted.length))
    found++
  return found
}
