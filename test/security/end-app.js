// A process that ends in one of several ways, traced or not.
import { EventEmitter } from 'node:events'
import express from 'express'
import { createServer } from 'node:http'

const { entry, end, faults } = await new Promise((resolve) => process.once('message', resolve))
const { tracing, withSpan } =
  entry === '' ? { withSpan: (_name, work) => work() } : await import(entry)

const fail = () => {
  throw new Error('the host fails')
}
const reject = async () => fail()

const ways = {
  'throws in a listener': (res) => new EventEmitter().on('x', fail).emit('x', res),
  'throws in a timer': (res) => void setTimeout(fail, 5, res.end('said')),
  'rejects a promise': (res) => void reject(res.end('said')),
  'throws in a span': (res) => void setImmediate(() => withSpan('fails', fail), res.end('said')),
  'rejects in a request': (res) => void res.end('said', () => void withSpan('fails', reject)),
  'is asked to end': (res) => res.end('said'),
  'is asked to end and closes its server': (res) => res.end('said'),
  'exits by itself': (res) => res.end('said', () => process.exit(7)),
  'has nothing more to do': (res) => res.end('said', close)
}

const app = express()
if (entry !== '') app.use(tracing({ service: 'ends' }))
app.use((_req, res) => {
  console.log('said before the end')
  // Outside of what Express would catch.
  setImmediate(() => ways[end](res))
})
const server = createServer((req, res) => {
  if (end === 'throws in a handler of the server' && req.url === '/') fail()
  app(req, res)
})
function close() {
  server.close()
  server.closeAllConnections()
  process.disconnect()
}
if (end.endsWith('closes its server')) process.on('SIGTERM', close)
server.listen(0, '127.0.0.1', () => {
  globalThis.faults = faults
  process.send({ url: `http://127.0.0.1:${server.address().port}` })
})
