// The process whose traces the pages watch.
import { createServer } from 'node:http'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { traced, withSpan } from 'spanlight/http'
import { answer } from '../child.js'
import { HttpSpans } from '../ring/spans.js'

const serverKind = 2
const flightMs = 20

const listener = traced((req, res) => res.end(), { service: 'bench', access: 'local' })
const server = createServer(listener)
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))

// Made before, so that what is measured records them and does nothing else.
const spans = new HttpSpans()
const made = Array.from({ length: 5000 }, () => {
  const { name, attributes } = spans.next()
  return { name, attributes: objectOf(attributes) }
})
let recorded = 0
const delay = monitorEventLoopDelay({ resolution: 1 })
const always = monitorEventLoopDelay({ resolution: 1 })

answer({
  /** Traces that are there before the pages; `length` makes each of them so much longer. */
  fill({ count, length }) {
    const more = length === undefined ? {} : { 'http.route': `/${'é'.repeat(length)}` }
    for (let i = 0; i < count; i++) withSpan(...next(more), () => {})
  },
  /** Bytes that are in use, those of the ring among them. */
  memory() {
    globalThis.gc()
    const { heapUsed, external } = process.memoryUsage()
    return { bytes: heapUsed + external }
  },
  /** Records at exactly that rate. What blocks the loop counts from here on: a page opens only once. */
  async warm({ perSecond, ms }) {
    always.enable()
    await steadily(perSecond, ms)
    return { last: recorded }
  },
  /** The same, and measures. */
  async watch({ perSecond, ms }) {
    const first = recorded + 1
    const cpu = process.cpuUsage()
    const began = performance.now()
    delay.reset()
    delay.enable()
    await steadily(perSecond, ms)
    delay.disable()
    always.disable()
    const { user, system } = process.cpuUsage(cpu)
    return {
      first,
      last: recorded,
      p99: delay.percentile(99) / 1e6,
      longest: always.max / 1e6,
      cpu: (user + system) / 1000 / (performance.now() - began)
    }
  }
})

// Each millisecond as many as are due: what the loop was kept from is made up for. Each is in flight for a while, as requests are.
function steadily(perSecond, ms) {
  return new Promise((resolve) => {
    const began = performance.now()
    const dueAt = (elapsed) => Math.floor((elapsed * perSecond) / 1000)
    const ends = []
    let ended = 0
    const timer = setInterval(() => {
      const elapsed = performance.now() - began
      while (ends.length < dueAt(Math.min(ms, elapsed)))
        void withSpan(...next(), () => new Promise((end) => ends.push(end)))
      while (ended < Math.min(ends.length, dueAt(elapsed - flightMs))) ends[ended++]()
      if (elapsed < ms + flightMs + 1) return
      clearInterval(timer)
      resolve()
    }, 1)
  })
}

function next(more) {
  const { name, attributes } = made[recorded++ % made.length]
  return [name, { kind: serverKind, attributes: { ...attributes, ...more } }]
}

function objectOf(pairs) {
  const object = {}
  for (let i = 0; i < pairs.length; i += 2) object[pairs[i]] = pairs[i + 1]
  return object
}
