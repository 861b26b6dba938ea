import { join } from 'node:path'
import { Child } from '../child.js'
import { figure } from '../figures.js'
import { differences, spreadOf } from '../statistics.js'

const here = import.meta.dirname

/**
 * Who looks, in the order of a round. `now` pages have all and are told what is new; `stalled` ones read nothing of what they are sent;
 * `behind` ones have asked for everything there is. Nobody is what the others are compared with; the stalled page comes beside five that
 * read, so that these can be compared with five alone.
 */
export const contestants = [
  { name: 'no page', pages: {} },
  { name: '1 page', pages: { now: 1 } },
  { name: '5 pages', pages: { now: 5 } },
  { name: '20 pages', pages: { now: 20 } },
  { name: '5 pages and a stalled one', pages: { now: 5, stalled: 1 } },
  { name: '5 pages that are behind', pages: { behind: 5 }, before: [{ count: 20_000 }] }
]

/**
 * What is there before the first page: long traces, so that a page which stalls is full before we measure, sockets of the system included;
 * then as many usual ones as a page that opens asks for.
 */
const recent = 2500
const before = [{ count: 7000, length: 450 }, { count: recent }]

/** Starts the process that the pages are in; one for the whole part. */
export async function startPages() {
  const pages = new Child(join(here, 'pages.js'), { role: 'load' })
  await pages.ask()
  return pages
}

/**
 * What it costs that these pages look. The traces are recorded in the process itself, at an exact rate: real requests cost the host ten times
 * what is measured here, and the clients that make them come in bursts.
 */
export async function measure(contestant, pages, { perSecond, warmUpMs, ms }) {
  const host = new Child(join(here, 'server.js'), { nodeArgs: ['--expose-gc'], role: 'host' })
  try {
    const { port } = await host.ask()
    for (const traces of contestant.before ?? before) await host.ask({ ask: 'fill', ...traces })
    const empty = await host.ask({ ask: 'memory' })
    await pages.ask({ ask: 'connect', port, recent, ...contestant.pages })
    const { last: seq } = await host.ask({ ask: 'warm', perSecond, ms: warmUpMs })
    await pages.ask({ ask: 'reach', seq })
    if (contestant.pages.stalled > 0) await untilFull(port)
    const watched = await host.ask({ ask: 'watch', perSecond, ms })
    const full = await host.ask({ ask: 'memory' })
    await pages.ask({ ask: 'reach', seq: watched.last })
    const told = await pages.ask({ ask: 'told', first: watched.first, last: watched.last })
    await check(contestant, watched, told, port)
    return {
      p99: watched.p99,
      longest: watched.longest,
      cpu: watched.cpu * 100,
      memory: (full.bytes - empty.bytes) / 2 ** 20,
      frame: told.p99,
      bytes: told.bytes
    }
  } finally {
    await pages.ask({ ask: 'disconnect' })
    await host.stop()
  }
}

// Nobody wins by telling less, or by not having stalled.
async function check({ name, pages }, { first, last }, { counts, behind, gaps }, port) {
  const traces = last - first + 1
  if (counts.length !== (pages.now ?? 0) || counts.some((count) => count !== traces) || gaps > 0)
    throw new Error(`${name}: told ${counts.join()} of ${traces} traces each, ${gaps} skipped`)
  if (behind.some(({ count, seq }) => count === 0 || count !== seq))
    throw new Error(`${name}: told ${JSON.stringify(behind)}, not all up to there`)
  const connected = Object.values(pages).reduce((sum, count) => sum + count, 0)
  const status = await statusOf(port)
  if (status.connected !== connected)
    throw new Error(`${name}: ${status.connected} of ${connected} pages are connected`)
  if (status.skipped > 0 !== pages.stalled > 0)
    throw new Error(`${name}: ${status.skipped} traces were skipped`)
}

// From here on the page that stalls takes nothing more.
async function untilFull(port) {
  for (let i = 0; i < 100; i++) {
    if ((await statusOf(port)).skipped > 0) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('the page that should stall has taken everything')
}

async function statusOf(port) {
  const response = await fetch(`http://127.0.0.1:${port}/_traces/api/status`)
  const { pages, drops } = await response.json()
  const slow = drops.find(({ reason }) => reason === 'slow page')
  return { connected: pages, skipped: slow?.count ?? 0 }
}

/** All contestants, A B C ... A B C. */
export async function run({ say, quick, until }) {
  const rounds = quick ? 2 : 5
  const size = { perSecond: 1000, warmUpMs: 900, ms: quick ? 500 : 1000 }
  const seen = Object.fromEntries(contestants.map(({ name }) => [name, []]))
  const pages = await startPages()
  try {
    for (let round = 0; round < rounds; round++) {
      if (round >= 3 && performance.now() > until) {
        say(`time is up after ${round} rounds`)
        break
      }
      for (const contestant of contestants)
        seen[contestant.name].push(await measure(contestant, pages, size))
      const line = contestants.map(({ name }) => `${name} ${seen[name][round].p99.toFixed(1)}`)
      say(`round ${round + 1} of ${rounds}, loop delay p99 in ms: ${line.join(', ')}`)
    }
  } finally {
    await pages.stop()
  }
  return figuresOf(seen)
}

/** What the rounds say. Each contestant is compared with another of its own round. */
export function figuresOf(seen) {
  const of = (name, key) => seen[name].map((one) => one[key])
  const added = (name, key, to = 'no page') => differences(of(name, key), of(to, key))
  const looking = contestants.filter(({ pages }) => Object.keys(pages).length > 0)
  const reading = looking.filter(({ pages }) => pages.now > 0)
  const [, , five, , stalled] = contestants.map(({ name }) => name)
  const each = (list, title, unit, amount, target) =>
    list.map(({ name }) => figure(`${title}: ${name}`, unit, spreadOf(amount(name)), target))
  const byStalled = (title, unit, key, target) =>
    figure(title, unit, spreadOf(added(stalled, key, five)), target, `beside ${five}`)
  return {
    figures: [
      ...each(looking, 'loop delay p99 added', 'ms', (name) => added(name, 'p99')),
      ...each([contestants[0]], 'longest block of the loop', 'ms', (name) => of(name, 'longest')),
      ...each(looking, 'longest block of the loop', 'ms', (name) => of(name, 'longest'), {
        atMost: 10
      }),
      ...each(looking, 'CPU added', '% of a core', (name) => added(name, 'cpu')),
      ...each(looking, 'memory added', 'MiB', (name) => added(name, 'memory')),
      ...each(reading, 'record to frame p99', 'ms', (name) => of(name, 'frame')),
      figure('bytes a trace on the wire', 'B', spreadOf(of(five, 'bytes'))),
      byStalled('loop delay p99 added by a stalled page', 'ms', 'p99', {
        atMost: noiseOf(of(five, 'p99'))
      }),
      byStalled('record to frame p99 added by a stalled page', 'ms', 'frame', {
        atMost: noiseOf(of(five, 'frame'))
      }),
      byStalled('memory held for a stalled page', 'MiB', 'memory', { atMost: 1 })
    ],
    rounds: seen
  }
}

// How far apart the rounds of one and the same contestant lie.
function noiseOf(values) {
  return Math.max(...values) - Math.min(...values)
}
