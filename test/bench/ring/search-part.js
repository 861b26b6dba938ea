import { Agent, get } from 'node:http'
import { join } from 'node:path'
import { Child } from '../child.js'
import { figure } from '../figures.js'
import { spreadOf } from '../statistics.js'

const script = join(import.meta.dirname, 'search.js')

// Each finds what is rare; `common` ones stop early, so they would measure nothing.
const searches = [
  { by: 'status', q: 'status:418' },
  { by: 'duration', q: 'dur:>50s' },
  { by: 'route', q: 'route:teapots' },
  { by: 'service', q: 'svc:nobody', none: true },
  { by: 'an attribute with a rare text', q: '@user_agent.original=kettle/1.0' },
  { by: 'an attribute, its text common elsewhere', q: '@server.address=https', none: true },
  { by: 'a number in an attribute', q: '@network.peer.port:65500..65535 @http.route:teapots' },
  { by: 'a number in every span', q: '@http.response.status_code:418' },
  { by: 'an attribute that must not be', q: '-@server.address:api.example.com', none: true },
  { by: 'a word that is there', q: 'kettle' },
  { by: 'a word that is nowhere', q: 'nowheretobefound', none: true }
]

const rings = [
  { mebibytes: 32, rounds: 5 },
  { mebibytes: 256, rounds: 1 }
]
const traces = [
  { spans: 2000, rounds: 5 },
  { spans: 50_000, rounds: 3 },
  { spans: 80_000, rounds: 1 }
]

/** Searches of a full ring and the opening of large traces: how long they take, and how long they block the event loop at most. */
export async function searchFigures({ say, quick }) {
  const figures = []
  // A search gives up after two seconds, which a loaded machine needs for a tenth of what an idle one searches.
  for (const ring of quick ? [{ mebibytes: 4, rounds: 1 }] : rings)
    figures.push(...(await searching({ ...ring, say })))
  for (const trace of quick ? [{ spans: 2000, rounds: 1 }] : traces)
    figures.push(...(await opening({ ...trace, say })))
  return figures
}

async function searching({ mebibytes, rounds, say }) {
  return withApi(mebibytes, async (api) => {
    const { recent, kept, rares } = await api.ask({ ask: 'fill' }, 120_000)
    const size = `${mebibytes} MiB`
    const figures = []
    for (const { by, q, none } of searches) {
      const expected = { by, found: none ? 0 : rares, whole: mebibytes <= 32 && recent }
      const path = `traces?limit=500&q=${encodeURIComponent(q)}`
      const times = await api.read(path, rounds, (list) => checkSearch(list, expected))
      const target = expected.whole && by.includes('attribute') ? { atMost: 200 } : undefined
      figures.push(figure(`search ${size} by ${by}`, 'ms', times, target, q))
      say(`${size} by ${by}: ${described(times, api)}`)
    }
    for (const path of ['traces', 'routes', 'map', 'status']) {
      const times = await api.read(path, rounds, () => {})
      say(`${size} ${path}: ${described(times, api)}`)
    }
    const note = `${recent.toLocaleString('en-GB')} spans, and ${kept.toLocaleString('en-GB')} kept`
    return [...figures, longestBlock(api, size, note, say)]
  })
}

/** A search that gave up early, or found anything else than what is there, must not count as a fast one. */
export function checkSearch({ traces, searched }, { by, found, whole }) {
  const complete = searched.complete && searched.traces >= whole
  if (whole && !complete)
    throw new Error(`the search by ${by} has looked at ${searched.traces} of ${whole} traces`)
  if (traces.length > found || (searched.complete && traces.length !== found))
    throw new Error(`the search by ${by} found ${traces.length} of ${found}`)
}

async function opening({ spans, rounds, say }) {
  return withApi(64, async (api) => {
    const { traceId, spanId } = await api.ask({ ask: 'trace', spans })
    const size = `${spans.toLocaleString('en-GB')} spans`
    const reads = [
      { what: 'open', path: '', holds: (columns) => columns.spans.id.length === spans },
      { what: 'one span of', path: `/spans/${spanId}`, holds: (one) => one.spanId === spanId },
      {
        what: 'find in',
        path: '/find?text=tenant',
        holds: (one) => one.spanIds.length > spans / 2
      },
      { what: 'logs of', path: '/logs', holds: (lines) => lines.length === 0 },
      { what: 'download', path: '?format=otlp', holds: (otlp) => countSpans(otlp) === spans }
    ]
    const figures = []
    for (const { what, path, holds } of reads) {
      const times = await api.read(`traces/${traceId}${path}`, rounds, (answer) => {
        if (!holds(answer)) throw new Error(`${what} ${size}: not what was kept`)
      })
      figures.push(figure(`${what} a trace of ${size}`, 'ms', times))
      say(`${what} ${size}: ${described(times, api)}`)
    }
    say(`map with ${size}: ${described(await api.read('map', 1, () => {}), api)}`)
    return [...figures, longestBlock(api, size, '', say)]
  })
}

// The blocks of the reads that were timed last are at the end.
function described({ value, rounds }, { blocks }) {
  return `${value.toFixed(0)} ms, longest block ${Math.max(...blocks.slice(-rounds)).toFixed(1)} ms`
}

function longestBlock({ blocks }, size, note, say) {
  const longest = Math.max(...blocks)
  say(`${size}: longest block ${longest.toFixed(1)} ms`)
  const about = `of ${blocks.length} reads${note === '' ? '' : `; ${note}`}`
  return figure(`longest block, ${size}`, 'ms', longest, { atMost: 10 }, about)
}

function countSpans({ resourceSpans }) {
  return resourceSpans
    .flatMap(({ scopeSpans }) => scopeSpans)
    .reduce((sum, { spans }) => sum + spans.length, 0)
}

/** Starts the API over an empty store of that size. */
async function withApi(mebibytes, use) {
  const child = new Child(script, { nodeArgs: ['--expose-gc'], role: 'host' })
  const agent = new Agent({ keepAlive: true })
  const blocks = []

  /** Reads one address some times: how long it took from the outside, and in `blocks` the longest turn of the event loop of each. */
  async function readOften(path, rounds, check) {
    const times = []
    for (let round = 0; round < rounds; round++) {
      await child.ask({ ask: 'watch' })
      const began = performance.now()
      const body = await read({ host: '127.0.0.1', port, agent, path: `/${path}` })
      times.push(performance.now() - began)
      const { longest } = await child.ask({ ask: 'blocked' })
      check(JSON.parse(body))
      blocks.push(longest)
    }
    return { ...spreadOf(times), rounds }
  }

  let port
  try {
    await child.ask()
    port = (await child.ask({ ask: 'open', mebibytes })).port
    return await use({ ask: (...question) => child.ask(...question), read: readOften, blocks })
  } finally {
    agent.destroy()
    await child.stop()
  }
}

function read(options) {
  return new Promise((resolve, reject) => {
    get(options, (res) => {
      const chunks = []
      res.on('data', (chunk) => chunks.push(chunk))
      res.on('error', reject)
      res.on('end', () => {
        const body = Buffer.concat(chunks).toString()
        if (res.statusCode === 200) resolve(body)
        else reject(new Error(`${options.path} answered ${res.statusCode}: ${body}`))
      })
    }).on('error', reject)
  })
}
