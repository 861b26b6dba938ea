// Bytes that a span takes in the ring, and nanoseconds to put it there: the store by itself.
import { createReport } from '../../../dist/base/report.js'
import { Encoder } from '../../../dist/store/encoder.js'
import { planRings } from '../../../dist/store/plan.js'
import { createStore } from '../../../dist/store/store.js'
import { summarise } from '../../../dist/trace/summary.js'
import { answer } from '../child.js'
import { median } from '../statistics.js'
import { recordOf } from './records.js'
import { HttpSpans } from './spans.js'

const memory = 32 * 2 ** 20
const resource = { service: 'shop', attributes: ['deployment.environment.name', 'development'] }

/** Fills a ring until it has lost the first of its spans, and asks it what it holds. */
function bytes({ size }) {
  const store = createStore({ memory, report: createReport() })
  const spans = new HttpSpans(size)
  let epochMs = 1.8e12
  let added = 0
  while (store.stats.recent.evictedSpans === 0)
    // Asking after each record would cost more than adding it.
    for (let i = 0; i < 1000; i++) {
      epochMs += spans.below(20)
      store.add(recordOf(spans, epochMs, resource, size), '')
      added += size
    }
  const { recent } = store.stats
  if (recent.spans + recent.evictedSpans !== added)
    throw new Error('the ring has lost spans without counting them')
  return { perSpan: recent.bytes / recent.spans, held: recent.spans }
}

/** Nanoseconds a span: the codec alone, and all that keeping a record takes (figures, codec, row, index). */
function time({ size, count }) {
  const spans = new HttpSpans(size + 10)
  const records = Array.from({ length: count }, (_, i) =>
    recordOf(spans, 1.8e12 + i * 7, resource, size)
  )
  const figures = records.map(summarise)
  const codec = codecOf(records[0].epochMs)
  const store = createStore({ memory, report: createReport() })
  const passes = { codec: [], store: [] }
  // The first passes are for the compiler.
  for (let pass = 0; pass < 12; pass++) {
    const began = performance.now()
    for (let i = 0; i < count; i++) codec(records[i], figures[i])
    const between = performance.now()
    for (let i = 0; i < count; i++) store.add(records[i], '')
    const ended = performance.now()
    if (pass < 4) continue
    passes.codec.push(((between - began) * 1e6) / (count * size))
    passes.store.push(((ended - between) * 1e6) / (count * size))
  }
  const { recent } = store.stats
  if (recent.spans + recent.evictedSpans !== 12 * count * size)
    throw new Error('not every span was kept')
  return { codec: median(passes.codec), store: median(passes.store) }
}

// Writes segment after segment into the same block.
function codecOf(epochMs) {
  const plan = planRings(memory).recent
  const encoder = new Encoder(plan.maxTextIds, plan.seenSlots)
  const block = Buffer.alloc(plan.segmentBytes)
  const limit = plan.segmentBytes - 4096
  encoder.begin(block, epochMs)
  encoder.out.limit = plan.segmentBytes
  return (record, figures) => {
    if (encoder.out.at > limit) encoder.begin(block, record.epochMs)
    encoder.out.limit = plan.segmentBytes
    encoder.record(record, 0, figures)
  }
}

answer({ bytes, time })
process.send({})
