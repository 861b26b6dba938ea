// One process that does one kind of thing inside of requests, again and again: with Spanlight, with less of it, or without.
import { tracingChannel } from 'node:diagnostics_channel'
import { createServer } from 'node:net'
import { pino } from 'pino'
import { tracing, withSpan } from 'spanlight'
import { answer } from '../child.js'

const [variant] = process.argv.slice(2)
/** Spans of one request; some frameworks alone make as many. */
const perRequest = 20

// What a library is to us, without a server behind it: a network would cost ten times what is measured.
class Client {
  host = 'db.local'
  port = 5432
  database = 'shop'
  async query() {
    return { rows: [], fields: [], rowCount: 0 }
  }
}

const port = await freePort()
const listen = { port, host: '127.0.0.1' }
const options = { service: 'bench', access: 'local', listen, instrument: { pg: { Client } } }
const capture = {
  spanlight: {},
  'without call sites': { callSites: false },
  'without runtime': { callSites: false, runtime: false }
}[variant]
if (capture !== undefined) tracing({ ...options, capture })

const client = new Client()
const log = pino({}, { write() {} })
const commands = tracingChannel('ioredis:command')
const text = 'SELECT id, name, price FROM products WHERE id = $1 AND shop = $2'
let turn = 0

const kinds = {
  span: () => withSpan('check stock', () => Promise.resolve()),
  console: () => console.log('looking up order', ++turn, 'of', 'a customer'),
  pino: () => log.info({ order: ++turn, customer: 'Ada' }, 'looking up an order'),
  query: () => client.query(text, [++turn, 'north']),
  command: () =>
    commands.tracePromise(() => Promise.resolve(), {
      command: 'get',
      args: [`order:${++turn % 500}`],
      database: 0,
      serverAddress: 'cache.local',
      serverPort: 6379
    })
}

answer({
  /** Microseconds of CPU that one of them takes, and that of a request around none. */
  async time({ kind, requests }) {
    const work = kinds[kind]
    const run = (times) => async () => {
      for (let i = 0; i < times; i++) await work()
    }
    const per = async (times) => {
      const before = process.cpuUsage()
      for (let i = 0; i < requests; i++) {
        await withSpan('request', run(times))
        // Others have their turn, as between real requests.
        if (i % 50 === 0) await new Promise(setImmediate)
      }
      const { user, system } = process.cpuUsage(before)
      return (user + system) / requests
    }
    // Twice: the first time the compiler is at work.
    await per(perRequest)
    await per(0)
    const whole = await per(perRequest)
    const around = await per(0)
    return { us: (whole - around) / perRequest, around }
  },
  /** What was recorded of one request that does it, by the page's own API. */
  async recorded({ kind }) {
    if (capture === undefined) return { spans: 0, lines: 0 }
    await withSpan('request', async () => {
      for (let i = 0; i < perRequest; i++) await kinds[kind]()
    })
    const { traces } = await read('traces?limit=1&q=name:request')
    const lines = await read(`traces/${traces[0].traceId}/logs`)
    return { spans: traces[0].spans - 1, lines: lines.length }
  }
})

async function read(path) {
  const answer = await fetch(`http://127.0.0.1:${port}/_traces/api/${path}`)
  return answer.json()
}

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}
