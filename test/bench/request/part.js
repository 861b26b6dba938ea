import { join } from 'node:path'
import { Child } from '../child.js'
import { recordedBySpanlight } from '../status.js'
import { figure } from '../figures.js'
import { differences, ratioOf, spreadOf } from '../statistics.js'

const here = import.meta.dirname

/** Contestants in the order of a round. `spans`: how many each records for one request. */
export const contestants = [
  { name: 'bare', script: 'bare.js', spans: 0 },
  { name: 'floor', script: 'floor.js', spans: 1 },
  { name: 'spanlight', script: 'spanlight.js', spans: 1, recorded: recordedBySpanlight },
  { name: 'otel, same spans', script: 'opentelemetry.js', args: ['same-spans'], spans: 1 },
  { name: 'otel', script: 'opentelemetry.js', spans: 3 }
]

/** CPU per request in microseconds, of one contestant in a fresh process. Fails when it has not recorded what it should. */
export async function measure(contestant, load, { warmUp, requests, nodeArgs = [] }) {
  const { name, script, args, spans } = contestant
  const count = contestant.recorded ?? (async () => (await host.ask({ ask: 'recorded' })).spans)
  const host = new Child(join(here, script), { args, nodeArgs, role: 'host' })
  try {
    const { port } = await host.ask()
    await load.ask({ ask: 'load', port, amount: warmUp })
    const before = await count(port)
    const from = await host.ask({ ask: 'cpu' })
    await load.ask({ ask: 'load', port, amount: requests }, 120_000)
    const to = await host.ask({ ask: 'cpu' })
    const recorded = (await settled(() => count(port), before + requests * spans)) - before
    if (recorded !== requests * spans)
      throw new Error(
        `${name} recorded ${recorded} spans of ${requests} requests, not ${requests * spans}`
      )
    return { us: (to.us - from.us) / requests, recorded }
  } finally {
    await host.stop()
  }
}

// The client has its answer before the server's 'close' comes: the last spans may end a moment later.
async function settled(count, expected) {
  for (let i = 0; ; i++) {
    const spans = await count()
    if (spans === expected || i === 20) return spans
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

/** Starts the process that makes the requests; one for the whole part, so that its own warm-up is over at once. */
export async function startLoad() {
  const load = new Child(join(here, 'load.js'), { role: 'load' })
  await load.ask()
  return load
}

/** All contestants, A B C ... A B C, so that what changes on the machine meets all alike. */
export async function run({ say, quick, until }) {
  const rounds = quick ? 3 : 7
  const size = quick ? { warmUp: 2000, requests: 4000 } : { warmUp: 5000, requests: 15_000 }
  const us = Object.fromEntries(contestants.map(({ name }) => [name, []]))
  const load = await startLoad()
  try {
    for (let round = 0; round < rounds; round++) {
      if (round >= 5 && performance.now() > until) {
        say(`time is up after ${round} rounds`)
        break
      }
      for (const contestant of contestants) {
        const { us: cost } = await measure(contestant, load, size)
        us[contestant.name].push(cost)
      }
      const line = contestants.map(({ name }) => `${name} ${us[name][round].toFixed(0)}`)
      say(`round ${round + 1} of ${rounds}, us of CPU a request: ${line.join(', ')}`)
    }
  } finally {
    await load.stop()
  }
  return figuresOf(us)
}

/** What the rounds say. Each contestant is compared with the others of its own round. */
export function figuresOf(us) {
  const added = Object.fromEntries(
    Object.entries(us).map(([name, values]) => [name, differences(values, us.bare)])
  )
  const whole = contestants.map(({ name }) =>
    figure(`CPU a request: ${name}`, 'us', spreadOf(us[name]))
  )
  const beyond = contestants
    .filter(({ name }) => name !== 'bare')
    .map(({ name }) => figure(`added over bare: ${name}`, 'us', spreadOf(added[name])))
  const ours = added.spanlight
  return {
    figures: [
      ...whole,
      ...beyond,
      figure("added, as a part of otel's", 'x', ratioOf(ours, added.otel), { atMost: 0.2 }),
      figure(
        "added, as a part of otel's with the same spans",
        'x',
        ratioOf(ours, added['otel, same spans']),
        {
          atMost: 0.2
        }
      ),
      figure("added, as a part of the floor's", 'x', ratioOf(ours, added.floor), { atMost: 1.5 })
    ],
    rounds: us
  }
}
