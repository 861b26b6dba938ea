import { join } from 'node:path'
import { Child } from '../child.js'
import { figure } from '../figures.js'
import { spreadOf } from '../statistics.js'

const here = import.meta.dirname
const nodeArgs = ['--expose-gc']

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
  const rounds = quick ? 1 : 5
  const count = quick ? 5000 : 20_000
  const alone = await once('store.js', { ask: 'bytes', size: 1 })
  const six = await once('store.js', { ask: 'bytes', size: 6 })
  say(
    `bytes a span: ${alone.perSpan.toFixed(1)} alone, ${six.perSpan.toFixed(1)} in requests of six`
  )

  const times = { alone: [], six: [], ours: [], otel: [] }
  for (let round = 0; round < rounds; round++) {
    times.alone.push(await once('store.js', { ask: 'time', size: 1, count }))
    times.six.push(await once('store.js', { ask: 'time', size: 6, count: count / 4 }))
    times.ours.push((await once('spanlight.js', { ask: 'time', count })).ns)
    times.otel.push((await once('opentelemetry.js', { ask: 'time', count })).ns)
    const { codec } = times.alone[round]
    say(
      `round ${round + 1} of ${rounds}, ns a span: encode ${codec.toFixed(0)}, start to end ${times.ours[round].toFixed(0)}`
    )
  }

  const million = quick ? 100_000 : 1_000_000
  const ours = await once('spanlight.js', { ask: 'heap', count: million })
  // As many as its array holds in the end; beyond, it only replaces.
  const otelSpans = quick ? 50_000 : 100_000
  const otel = await once('opentelemetry.js', { ask: 'heap', count: otelSpans })
  say(
    `heap grew by ${mebibytes(ours)} MiB over ${million} spans; OpenTelemetry's by ${mebibytes(otel)} over ${otelSpans}`
  )
  return {
    figures: figuresOf({ alone, six, times, ours, otel, otelSpans, million }),
    times,
    heap: { ours, otel }
  }
}

function figuresOf({ alone, six, times, ours, otel, otelSpans, million }) {
  const of = (list, key) => spreadOf(list.map((one) => one[key]))
  const otelBytes = (otel.after - otel.before) / otelSpans
  return [
    figure(
      'bytes of an HTTP span, 10 attributes',
      'B',
      alone.perSpan,
      { atMost: 80 },
      'in a full ring, trace id and row included'
    ),
    figure('bytes of a span in a request of six', 'B', six.perSpan),
    figure("bytes of an HTTP span in otel's array", 'B', otelBytes, undefined, "of V8's heap"),
    figure('spans held by 32 MiB', '', alone.held, undefined, 'the recent ring alone'),
    figure('encode one HTTP span', 'ns', of(times.alone, 'codec'), { atMost: 500 }),
    figure(
      'keep one HTTP span',
      'ns',
      of(times.alone, 'store'),
      undefined,
      'figures, codec, row and index'
    ),
    figure('keep a span of a request of six', 'ns', of(times.six, 'store')),
    figure(
      'start, 10 attributes, end, keep: spanlight',
      'ns',
      spreadOf(times.ours),
      undefined,
      'redacted, and in the ring'
    ),
    figure(
      'start, 10 attributes, end, keep: otel',
      'ns',
      spreadOf(times.otel),
      undefined,
      'in an array'
    ),
    // The compiler's own feedback and code grow a little in any process.
    figure(
      'V8 heap grown behind a full ring',
      'MiB',
      mebibytes(ours),
      { atMost: 1 },
      `over ${million.toLocaleString('en-GB')} spans`
    ),
    figure(
      "V8 heap grown by otel's array",
      'MiB',
      mebibytes(otel),
      undefined,
      `over ${otelSpans.toLocaleString('en-GB')} spans`
    ),
    figure('full collection behind a full ring', 'ms', ours.pauseMs),
    figure(
      "full collection with otel's array",
      'ms',
      otel.pauseMs,
      undefined,
      `${otelSpans.toLocaleString('en-GB')} spans`
    )
  ]
}

function mebibytes({ before, after }) {
  return Math.round(((after - before) / 2 ** 20) * 100) / 100
}
