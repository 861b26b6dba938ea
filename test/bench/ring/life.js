import { setImmediate } from 'node:timers/promises'
import { PerformanceObserver } from 'node:perf_hooks'
import { answer } from '../child.js'
import { median } from '../statistics.js'
import { HttpSpans } from './spans.js'

/**
 * Answers how long spans of a recorder take from start to end, and what they leave to the garbage collector. `count` tells how many have
 * ended, and whether the recorder holds as many as it can. Needs `--expose-gc`.
 */
export function answerLife({ start, count }) {
  const spans = new HttpSpans(5)

  // One span with ten attributes set one by one, as instrumentations do.
  function live({ name, attributes }) {
    const span = start(name)
    for (let i = 0; i < attributes.length; i += 2)
      span.setAttribute(attributes[i], attributes[i + 1])
    span.end()
  }

  // In batches that are made right before: in life, texts are as fresh as their span.
  function timeBatch(size) {
    const samples = Array.from({ length: size }, () => spans.next())
    const began = performance.now()
    for (const sample of samples) live(sample)
    return ((performance.now() - began) * 1e6) / size
  }

  async function recording(amount, work) {
    const { ended: from } = await count()
    const result = await work()
    const recorded = (await count()).ended - from
    if (recorded !== amount) throw new Error(`${recorded} of ${amount} spans recorded`)
    return result
  }

  /** Nanoseconds a span. */
  async function time({ count: amount }) {
    const batches = Math.ceil(amount / 500)
    const warmUp = Math.ceil(batches / 3)
    return recording((batches + warmUp) * 500, () => {
      const times = Array.from({ length: warmUp + batches }, () => timeBatch(500))
      return { ns: median(times.slice(warmUp)) }
    })
  }

  /**
   * Heap in bytes before and after `fill` and `stream` more spans, which fill the recorder and then replace what it holds; of the stream,
   * how much of the time went to the collector; and how long one full collection takes at the end.
   */
  async function steady({ fill, stream }) {
    await recording(20_000, () => run(20_000))
    const before = heapBytes()
    await recording(fill, () => run(fill))
    if (!(await count()).full) throw new Error(`${fill} spans do not fill the recorder`)
    const collected = await recording(stream, () => watchCollector(() => run(stream)))
    const after = heapBytes()
    const pauses = Array.from({ length: 3 }, () => {
      const began = performance.now()
      globalThis.gc()
      return performance.now() - began
    })
    return { before, after, ...collected, pauseMs: median(pauses) }
  }

  // The collector's figures come between turns of the event loop.
  async function run(amount) {
    for (let i = 0; i < amount; i++) {
      if (i % 5000 === 0) await setImmediate()
      live(spans.next())
    }
  }

  answer({ time, steady })
  process.send({})
}

async function watchCollector(work) {
  const pauses = []
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) pauses.push(duration)
  })
  observer.observe({ entryTypes: ['gc'] })
  const began = performance.now()
  await work()
  const ms = performance.now() - began
  await setImmediate()
  for (const { duration } of observer.takeRecords()) pauses.push(duration)
  observer.disconnect()
  const gcMs = pauses.reduce((sum, pause) => sum + pause, 0)
  return { ms, gcMs, collections: pauses.length, longestMs: Math.max(0, ...pauses) }
}

function heapBytes() {
  // What the first collection frees by finalizers, the second sees.
  for (let i = 0; i < 3; i++) globalThis.gc()
  return process.memoryUsage().heapUsed
}
