import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Child } from '../child.js'
import { figure } from '../figures.js'
import { capacity } from '../opentelemetry.js'
import { spreadOf } from '../statistics.js'
import { shapes } from './records.js'

const here = import.meta.dirname
const nodeArgs = ['--expose-gc']
const http = 'HTTP server, 10 attributes'
const six = 'request of six'

/** Asks a fresh process one question. */
export async function once(script, question) {
  const child = new Child(join(here, script), { nodeArgs, role: 'host' })
  try {
    await child.ask()
    return await child.ask(question, 120_000)
  } finally {
    await child.stop()
  }
}

/** Bytes and time of ended spans, ours beside OpenTelemetry's array of ReadableSpans. */
export async function run({ say, quick }) {
  const bytes = {}
  for (const shape of Object.keys(shapes))
    bytes[shape] = await once('store.js', { ask: 'bytes', shape })
  const each = Object.entries(bytes).map(([shape, { perSpan }]) => `${perSpan.toFixed(1)} ${shape}`)
  say(`bytes a span: ${each.join('; ')}`)

  const rounds = quick ? 1 : 5
  const times = { http: [], six: [], ours: [], otel: [] }
  const steady = { ours: [], otel: [] }
  for (let round = 0; round < rounds; round++) {
    await measureRound(times, steady, quick)
    say(
      `round ${round + 1} of ${rounds}, ns: encode ${times.http[round].codec.toFixed(0)}, a request of six ${times.six[round].codec.toFixed(0)}, start to end ${times.ours[round].ns.toFixed(0)}, otel's ${times.otel[round].ns.toFixed(0)}`
    )
  }
  return {
    figures: [
      ...bytesFigures(bytes),
      ...timeFigures(times),
      ...steadyFigures(steady),
      ...(await searchFigures({ say, quick }))
    ],
    bytes,
    times,
    steady
  }
}

async function measureRound(times, steady, quick) {
  const count = quick ? 5000 : 50_000
  times.http.push(await once('store.js', { ask: 'time', shape: http, count }))
  times.six.push(await once('store.js', { ask: 'time', shape: six, count: count / 5 }))
  times.ours.push(await once('spanlight.js', { ask: 'time', count }))
  times.otel.push(await once('opentelemetry.js', { ask: 'time', count }))
  // A million in all, with the 20,000 that come before the first look at the heap.
  const million = { fill: 500_000, stream: quick ? 100_000 : 500_000 }
  steady.ours.push(await once('spanlight.js', { ask: 'steady', ...million }))
  const otel = { fill: capacity, stream: quick ? 50_000 : capacity }
  steady.otel.push(await once('opentelemetry.js', { ask: 'steady', ...otel }))
}

async function searchFigures(how) {
  const path = join(here, 'search-part.js')
  return existsSync(path) ? (await import(path)).searchFigures(how) : []
}

function bytesFigures(bytes) {
  const each = Object.entries(bytes).map(([shape, { perSpan }]) =>
    figure(
      `bytes a kept span: ${shape}`,
      'B',
      perSpan,
      shape === http ? { atMost: 80 } : undefined,
      shape === six ? 'each of the six' : 'a trace of its own: its id and row included'
    )
  )
  return [
    ...each,
    figure(
      'spans held by 32 MiB: HTTP server',
      '',
      bytes[http].held,
      undefined,
      'the recent ring alone'
    ),
    figure(
      'spans held by 32 MiB: requests of six',
      '',
      bytes[six].held,
      { atLeast: 400_000 },
      'the recent ring alone'
    )
  ]
}

function timeFigures({ http: alone, six: request, ours, otel }) {
  const of = (list, key, unit = 1) => spreadOf(list.map((one) => one[key] / unit))
  return [
    figure(
      'encode one HTTP span',
      'ns',
      of(alone, 'codec'),
      { atMost: 500 },
      'right after it ended'
    ),
    figure(
      'encode one HTTP span, cold',
      'ns',
      of(alone, 'cold'),
      undefined,
      'each of 20,000 that were made before'
    ),
    figure('encode a request of six', 'us', of(request, 'codec', 1000), { atMost: 4 }),
    figure('encode a request of six, cold', 'us', of(request, 'cold', 1000)),
    figure('keep one HTTP span', 'ns', of(alone, 'keep'), undefined, 'figures, codec, row, index'),
    figure('keep a request of six', 'us', of(request, 'keep', 1000)),
    figure(
      'start, 10 attributes, end, keep: spanlight',
      'ns',
      of(ours, 'ns'),
      undefined,
      'redacted, and in the ring'
    ),
    figure('start, 10 attributes, end, keep: otel', 'ns', of(otel, 'ns'), undefined, 'in an array')
  ]
}

function steadyFigures({ ours, otel }) {
  const grown = (list, unit) => spreadOf(list.map(({ before, after }) => (after - before) / unit))
  const share = (list) => spreadOf(list.map(({ gcMs, ms }) => (gcMs / ms) * 100))
  const longest = (list) => spreadOf(list.map(({ longestMs }) => longestMs))
  const pause = (list) => spreadOf(list.map(({ pauseMs }) => pauseMs))
  const held = `${capacity.toLocaleString('en-GB')} spans`
  return [
    figure(
      "bytes of an HTTP span in otel's array",
      'B',
      grown(otel, capacity),
      undefined,
      'V8 heap'
    ),
    // The compiler's own feedback and code grow a little in any process.
    figure(
      'V8 heap grown over a million spans: spanlight',
      'MiB',
      grown(ours, 2 ** 20),
      { atMost: 1 },
      'the ring is full'
    ),
    figure('V8 heap grown: otel', 'MiB', grown(otel, 2 ** 20), undefined, held),
    figure(
      'time in garbage collection: spanlight',
      '%',
      share(ours),
      undefined,
      'spans one after the other, the ring full'
    ),
    figure('time in garbage collection: otel', '%', share(otel), undefined, 'its array full'),
    figure('longest collection meanwhile: spanlight', 'ms', longest(ours)),
    figure('longest collection meanwhile: otel', 'ms', longest(otel)),
    figure('full collection: spanlight', 'ms', pause(ours), undefined, 'the ring is full'),
    figure('full collection: otel', 'ms', pause(otel), undefined, held)
  ]
}
