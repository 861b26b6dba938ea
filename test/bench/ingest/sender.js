// The other process: has all bodies ready, and sends them one after the other as an exporter does, over one connection.
import { Agent, request } from 'node:http'
import { answer } from '../child.js'
import { Bodies } from './bodies.js'

const types = { json: 'application/json', protobuf: 'application/x-protobuf' }
const agent = new Agent({ keepAlive: true, maxSockets: 1 })
const ready = { json: [], protobuf: [] }

process.send({})
answer({
  /** Bodies of so many bytes that hold `spans` spans and a few more. */
  prepare({ bytes, spans }) {
    for (const encoding of ['json', 'protobuf']) {
      const bodies = new Bodies(1)
      let made = 0
      while (made < spans)
        made += ready[encoding][ready[encoding].push(bodies[encoding](bytes)) - 1].spans
    }
  },
  /** Sends the bodies from `first` on until they were `spans` spans, at most so many a second; the next one is that at `next`. */
  async send({ port, encoding, first, spans, perSecond }) {
    const began = performance.now()
    let [next, sent] = [first, 0]
    while (sent < spans) {
      const early = (sent / perSecond) * 1000 - (performance.now() - began)
      if (early > 0) await new Promise((resolve) => setTimeout(resolve, early))
      const { body, spans: held } = ready[encoding][next++]
      await post(port, encoding, body)
      sent += held
    }
    return { next, sent }
  }
})

function post(port, encoding, body) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': types[encoding], 'content-length': body.length }
    const options = { port, host: '127.0.0.1', path: '/_traces/v1/traces', method: 'POST' }
    const req = request({ ...options, headers, agent }, (res) => {
      let text = ''
      res.on('data', (chunk) => (text += chunk))
      res.on('end', () => {
        // Taken whole, both encodings answer with nothing in them.
        if (res.statusCode === 200 && (text === '' || text === '{}')) resolve()
        else reject(new Error(`a body of ${encoding} was answered ${res.statusCode}: ${text}`))
      })
    })
    req.on('error', reject)
    req.end(body)
  })
}
