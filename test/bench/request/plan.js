// What is measured: which contestants, behind which framework, with which handler, on which Node.
//
// All of it would take half an hour, and a run has ten minutes for everything. So all handlers are served by Express for us and OpenTelemetry;
// Koa, bare http and another Node serve the trivial one, and so does Express for dd-trace and elastic-apm-node. `--all` takes the rest, too.
import { recordedBySpanlight } from '../status.js'

/**
 * What a handler is called in the figures, its path, the child spans that it is to leave, and how many requests are worth making. The first one
 * of a process warms up what all share. It takes some 10,000 requests until the compiler is done; measured before, it is the compiler's
 * work that is compared, of which there is the more the more code a contestant has.
 */
export const handlers = {
  trivial: { path: 'orders', spans: 0, warmUp: 8000, requests: 4000 },
  'five spans': { path: 'checkouts', spans: 5, warmUp: 2000, requests: 2000 },
  fetch: { path: 'prices', spans: 1, warmUp: 500, requests: 500 }
}
const one = { express: 1, koa: 1, http: 1 }
// Layers: two of Express (router and handler), one of Koa (the route).
const withLayers = { express: 3, koa: 2, http: 1 }
const none = { express: 0, koa: 0, http: 0 }

/**
 * In the order of a round. `spans`: how many each records for one request by itself, child spans not counted. `recorded` tells how many it
 * has recorded, where the process itself cannot; `peers` says when it runs on packages that only the bench installs.
 */
export const contestants = [
  { name: 'bare', script: 'bare.js', spans: none, children: false },
  { name: 'floor', script: 'floor.js', spans: one },
  {
    name: 'spanlight',
    script: 'spanlight.js',
    spans: withLayers,
    recorded: ({ port }) => recordedBySpanlight(port)
  },
  {
    name: 'spanlight, no layers',
    script: 'spanlight.js',
    args: ['no layers'],
    spans: one,
    recorded: ({ port }) => recordedBySpanlight(port)
  },
  { name: 'spanlight, off', script: 'spanlight.js', args: ['off'], spans: none, children: false },
  {
    name: 'otel, same spans',
    script: 'opentelemetry.js',
    args: ['same-spans'],
    spans: one,
    peers: otelNeedsPeers
  },
  {
    name: 'otel',
    script: 'opentelemetry.js',
    spans: withLayers,
    peers: otelNeedsPeers
  },
  {
    name: 'dd-trace',
    script: 'datadog.js',
    spans: { express: 4, koa: 3, http: 1 },
    recorded: countedUpstream,
    peers: () => true
  },
  {
    name: 'elastic-apm',
    script: 'elastic.js',
    spans: one,
    recorded: countedUpstream,
    peers: () => true
  }
]

// The tests need these for Express; Koa and undici are instrumented for the bench alone.
function otelNeedsPeers(framework, handler) {
  return framework === 'koa' || handler === 'fetch'
}

async function countedUpstream({ host, upstream }) {
  await host.ask({ ask: 'recorded' })
  return (await upstream.ask({ ask: 'counted' })).spans
}

/** The spans of one request. */
export function spansOf(contestant, framework, handler) {
  return contestant.spans[framework] + (contestant.children === false ? 0 : handlers[handler].spans)
}

/**
 * One after the other in each round: a framework on one Node, and for each contestant a process of it that serves the handlers in turn. The first
 * two are one framework.
 */
export function settings(all) {
  const every = Object.keys(handlers)
  const some = all ? every : ['trivial']
  const noLayers = ['bare', 'floor', 'spanlight', 'otel, same spans']
  const main = [...noLayers, 'spanlight, no layers']
  const others = ['dd-trace', 'elastic-apm']
  const beside = all ? others : []
  return [
    { name: 'express', framework: 'express', handlers: every, who: [...main, 'otel', ...beside] },
    {
      name: 'express',
      framework: 'express',
      handlers: some,
      who: all ? ['spanlight, off'] : others
    },
    {
      name: 'koa',
      framework: 'koa',
      handlers: some,
      who: [...main, ...(all ? ['otel'] : []), ...beside]
    },
    // It has no layers to be left out: the two of OpenTelemetry are one, and ours.
    { name: 'http', framework: 'http', handlers: some, who: [...noLayers, ...beside] },
    {
      name: 'node 24, express',
      framework: 'express',
      node: '24',
      handlers: some,
      who: [...main, ...(all ? ['otel', ...others] : [])]
    }
  ]
}

/**
 * The settings that can be had here, and what is left out of them with the reason. `peersMissing` and `nodeOf(version)`: why
 * there are none, and the path of that Node, if any.
 */
export function possible(wanted, { peersMissing, nodeOf }) {
  const skipped = []
  const settings = wanted.flatMap(({ node, ...setting }) => {
    const binary = node && nodeOf(node)
    if (node !== undefined && binary === undefined) {
      skipped.push({ what: setting.name, why: `no binary of Node ${node}` })
      return []
    }
    const who = setting.who.flatMap((name) => {
      const contestant = contestants.find((one) => one.name === name)
      const [had, left] = setting.handlers.reduce(
        ([had, left], handler) =>
          peersMissing !== undefined && contestant.peers?.(setting.framework, handler)
            ? [had, [...left, handler]]
            : [[...had, handler], left],
        [[], []]
      )
      for (const handler of left)
        skipped.push({ what: `${setting.name}, ${handler}: ${name}`, why: peersMissing })
      return had.length > 0 ? [{ ...contestant, handlers: had }] : []
    })
    return [{ ...setting, binary, who }]
  })
  return { settings, skipped }
}
