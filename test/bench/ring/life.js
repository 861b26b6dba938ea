import { answer } from '../child.js'
import { median } from '../statistics.js'
import { HttpSpans } from './spans.js'

/** Answers how long spans of a recorder take from start to end, and what they leave on V8's heap. Needs `--expose-gc`. */
export function answerLife({ start, count }) {
  const spans = new HttpSpans(5)

  // One span with ten attributes set one by one, as instrumentations do.
  function live({ name, attributes }) {
    const span = start(name)
    for (let i = 0; i < attributes.length; i += 2)
      span.setAttribute(attributes[i], attributes[i + 1])
    span.end()
  }

  async function time({ count: amount }) {
    const samples = Array.from({ length: amount }, () => spans.next())
    const before = await count()
    const passes = []
    for (let pass = 0; pass < 9; pass++) {
      const began = performance.now()
      for (const sample of samples) live(sample)
      if (pass >= 3) passes.push(((performance.now() - began) * 1e6) / amount)
    }
    const recorded = (await count()) - before
    if (recorded !== 9 * amount) throw new Error(`${recorded} of ${9 * amount} spans recorded`)
    return { ns: median(passes) }
  }

  /** Heap in bytes before and after `count` more spans, and how long one full collection takes then. */
  async function heap({ count: amount }) {
    // Fills what is made lazily and lets the compiler finish.
    for (let i = 0; i < 20_000; i++) live(spans.next())
    const from = await count()
    const before = heapBytes()
    for (let i = 0; i < amount; i++) live(spans.next())
    const after = heapBytes()
    const recorded = (await count()) - from
    if (recorded !== amount) throw new Error(`${recorded} of ${amount} spans recorded`)
    const pauses = Array.from({ length: 5 }, () => {
      const began = performance.now()
      globalThis.gc()
      return performance.now() - began
    })
    return { before, after, pauseMs: median(pauses) }
  }

  answer({ time, heap })
  process.send({})
}

function heapBytes() {
  // What the first collection frees by finalizers, the second sees.
  for (let i = 0; i < 3; i++) globalThis.gc()
  return process.memoryUsage().heapUsed
}
