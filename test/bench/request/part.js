import { join } from 'node:path'
import { nodeBinary } from '../../node-binaries.js'
import { Child } from '../child.js'
import * as peers from '../peers/install.js'
import { handlers, possible, settings, spansOf } from './plan.js'
import { alone, caseOf, figuresOf, textOf } from './results.js'
import { versions } from './versions.js'

const here = import.meta.dirname

/** The processes on the other core; one each for the whole part, so that their own warm-up is over at once. */
export async function startOthers() {
  const load = await startLoad()
  const upstream = new Child(join(here, 'upstream.js'), { role: 'load' })
  const { port } = await upstream.ask()
  return { load, upstream, port, stop: () => Promise.all([load.stop(), upstream.stop()]) }
}

/** Starts the process that makes the requests. */
export async function startLoad() {
  const load = new Child(join(here, 'load.js'), { role: 'load' })
  await load.ask()
  return load
}

/**
 * CPU per request in microseconds for each handler, of one contestant in a fresh process. Fails when it has not recorded what it should.
 * `scale`: the share of the requests, of those of its warm-up, too.
 */
export async function measure(contestant, { framework, binary, scale = 1 }, others) {
  const { name, script, args = [] } = contestant
  const host = new Child(join(here, script), {
    args: [framework, String(others.port), ...args],
    role: 'host',
    ...(binary && { node: binary })
  })
  const us = {}
  try {
    const { port } = await host.ask()
    const asked = { host, upstream: others.upstream, port }
    const count = () => (contestant.recorded ?? recordedByItself)(asked)
    let counted = await count()
    for (const handler of contestant.handlers) {
      const { path, warmUp, requests } = handlers[handler]
      const perRequest = spansOf(contestant, framework, handler)
      const load = async (amount) => {
        const { us: from } = await host.ask({ ask: 'cpu' })
        await others.load.ask({ ask: 'load', port, handler: path, amount }, 120_000)
        const { us: to } = await host.ask({ ask: 'cpu' })
        const before = counted
        counted = await settled(count, before + amount * perRequest)
        if (counted - before !== amount * perRequest)
          throw new Error(
            `${name} recorded ${counted - before} spans of ${amount} requests (${framework}, ${handler}), not ${amount * perRequest}`
          )
        return (to - from) / amount
      }
      // In two parts: Spanlight is asked for its count by a request of another kind, on which the compiler starts some of its work anew.
      for (const part of [0.6, 0.4]) await load(atLeastOneEach(warmUp * part * scale))
      us[handler] = await load(atLeastOneEach(requests * scale))
    }
    return us
  } finally {
    await host.stop()
  }
}

// For each connection of the load.
function atLeastOneEach(amount) {
  return Math.max(10, Math.ceil(amount))
}

async function recordedByItself({ host }) {
  return (await host.ask({ ask: 'recorded' })).spans
}

// The client has its answer before the server's 'close' comes, and a peer before its server: the last spans may come a moment later.
async function settled(count, expected) {
  for (let i = 0; ; i++) {
    const spans = await count()
    if (spans === expected || i === 40) return spans
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

/** Microseconds that a middleware adds to a request that passes it with the page off, called by itself: far below what a whole request can tell. */
export async function passing() {
  const child = new Child(join(here, 'passing.js'), { role: 'host' })
  try {
    return await child.ask({ ask: 'time' })
  } finally {
    await child.stop()
  }
}

/** All contestants, A B C ... A B C, so that what changes on the machine meets all alike. */
export async function run({ say, quick, all = false, until }) {
  const peersMissing = peers.install(say)
  const nodeOf = (version) => nodeBinary(version, { say, timeoutMs: 60_000 })
  const plan = possible(settings(all), { peersMissing, nodeOf })
  for (const { what, why } of plan.skipped) say(`SKIPPED ${what}: ${why}`)
  const rounds = quick ? 2 : 7
  const fewest = Math.min(rounds, 3)
  const samples = {}
  const others = await startOthers()
  const began = performance.now()
  const scale = quick ? 0.1 : 1
  try {
    for (let round = 0; round < rounds; round++) {
      const each = (performance.now() - began) / Math.max(1, round)
      const left = until - performance.now()
      if (round >= fewest && each > left) {
        say(`no time for more than ${round} rounds`)
        break
      }
      await oneRound(plan.settings, scale, others, samples)
      say(`round ${round + 1} of at most ${rounds}`)
    }
  } finally {
    await others.stop()
  }
  const figures = figuresOf(samples)
  return {
    figures,
    text: textOf(samples, figures),
    skipped: plan.skipped,
    versions: versions(plan.settings),
    rounds: samples
  }
}

async function oneRound(settings, scale, others, samples) {
  for (const setting of settings) {
    for (const contestant of setting.who) {
      const us = await measure(contestant, { ...setting, scale }, others)
      for (const handler of Object.keys(us))
        keep(samples, caseOf(setting, handler), contestant.name, us[handler])
    }
  }
  const off = await passing()
  for (const framework of Object.keys(off)) keep(samples, alone, framework, off[framework])
}

function keep(samples, name, contestant, us) {
  ;((samples[name] ??= {})[contestant] ??= []).push(Math.round(us * 1000) / 1000)
}
