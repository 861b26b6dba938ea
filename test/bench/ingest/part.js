import { join } from 'node:path'
import { Child } from '../child.js'
import { figure } from '../figures.js'
import * as peers from '../peers/install.js'
import { ratioOf, spreadOf } from '../statistics.js'
import { recordedBySpanlight } from '../status.js'

const here = import.meta.dirname

/** What a body is decoded by. Spanlight also hides, limits and stores what is in it; the others throw it away. */
export const contestants = [
  { name: 'spanlight, protobuf', server: 'spanlight', encoding: 'protobuf' },
  // Code made from the official definitions by protobufjs's compiler, as OpenTelemetry had it; decoders that protobufjs 8 makes at run
  // time, which look at the text's UTF-8 and keep unknown fields, take nearly twice as long.
  { name: 'protobufjs alone', server: 'protobufjs', encoding: 'protobuf', needsPeers: true },
  { name: 'spanlight, JSON', server: 'spanlight', encoding: 'json' },
  { name: 'JSON.parse alone', server: 'json', encoding: 'json' }
]

const bytes = 2 ** 20
/** Below what Spanlight takes in a second before it asks its senders to wait. */
const perSecond = 18_000

/** Starts the process that sends, with as many bodies as one contestant needs; one for the whole part. */
export async function startSender(size) {
  const sender = new Child(join(here, 'sender.js'), { role: 'load' })
  await sender.ask()
  // A phase ends with a body that is begun.
  await sender.ask({ ask: 'prepare', bytes, spans: size.warmUp + 2 * size.spans + 6000 })
  return sender
}

/**
 * CPU a span in microseconds and the longest block of the loop in milliseconds, each while as many spans are sent. Fails when not every
 * span has come to where it should.
 */
export async function measure({ name, server, encoding }, sender, size) {
  const host = new Child(join(here, 'server.js'), { args: [server], role: 'host' })
  try {
    const { port } = await host.ask()
    let next = 0
    let all = 0
    const send = async (spans) => {
      const sent = await sender.ask({ ask: 'send', port, encoding, first: next, spans, perSecond })
      next = sent.next
      all += sent.sent
      return sent.sent
    }
    await send(size.warmUp)
    const from = await host.ask({ ask: 'cpu' })
    const spans = await send(size.spans)
    const to = await host.ask({ ask: 'cpu' })
    await host.ask({ ask: 'watch' })
    await send(size.spans)
    const { longest } = await host.ask({ ask: 'blocked' })
    const taken =
      server === 'spanlight'
        ? await recordedBySpanlight(port)
        : (await host.ask({ ask: 'decoded' })).spans
    if (taken !== all) throw new Error(`${name} took ${taken} spans of ${all}`)
    return { us: (to.us - from.us) / spans, longest, taken }
  } finally {
    await host.stop()
  }
}

/** All contestants, A B C ... A B C. */
export async function run({ say, quick, until }) {
  const rounds = quick ? 2 : 5
  const size = quick ? { warmUp: 4000, spans: 4000 } : { warmUp: 14_000, spans: 9000 }
  const missing = peers.install(say)
  const able = contestants.filter(({ needsPeers }) => missing === undefined || !needsPeers)
  if (missing !== undefined) say(`SKIPPED protobufjs: ${missing}`)
  const seen = Object.fromEntries(able.map(({ name }) => [name, []]))
  const sender = await startSender(size)
  try {
    for (let round = 0; round < rounds; round++) {
      if (round >= 3 && performance.now() > until) {
        say(`time is up after ${round} rounds`)
        break
      }
      for (const contestant of able)
        seen[contestant.name].push(await measure(contestant, sender, size))
      const line = able.map(({ name }) => `${name} ${seen[name][round].us.toFixed(1)}`)
      say(`round ${round + 1} of ${rounds}, us of CPU a span: ${line.join(', ')}`)
    }
  } finally {
    await sender.stop()
  }
  return figuresOf(seen)
}

/** What the rounds say of those that took part. */
export function figuresOf(seen) {
  const names = contestants.map(({ name }) => name).filter((name) => name in seen)
  const of = (name, key) => seen[name].map((one) => one[key])
  const ours = (name) => name.startsWith('spanlight')
  const compared = [
    ['spanlight, protobuf', 'protobufjs alone'],
    ['spanlight, JSON', 'JSON.parse alone']
  ].filter((pair) => pair.every((name) => name in seen))
  const note = 'HTTP and all; one process is not sent more than 20,000 a second'
  return {
    figures: [
      ...names.map((name) =>
        figure(
          `spans a second of CPU: ${name}`,
          'spans/s',
          spreadOf(of(name, 'us').map((us) => 1e6 / us)),
          undefined,
          ours(name) ? note : 'decoded and thrown away'
        )
      ),
      ...names.map((name) =>
        figure(
          `longest block of the loop: ${name}`,
          'ms',
          spreadOf(of(name, 'longest')),
          ours(name) ? { atMost: 10 } : undefined,
          'bodies of 1 MiB'
        )
      ),
      ...compared.map(([name, to]) =>
        figure(
          `CPU a span: ${name}, as a part of ${to}`,
          'x',
          ratioOf(of(name, 'us'), of(to, 'us'))
        )
      )
    ],
    rounds: seen
  }
}
