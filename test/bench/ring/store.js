// Bytes that a span takes in the ring, and nanoseconds to put it there: the store by itself.
import { createReport } from '../../../src/base/report.ts'
import { Encoder } from '../../../src/store/encoder.ts'
import { planRings } from '../../../src/store/plan.ts'
import { createStore } from '../../../src/store/store.ts'
import { summarise } from '../../../src/trace/summary.ts'
import { answer } from '../child.js'
import { median } from '../statistics.js'
import { recordWith, shapes } from './records.js'
import { HttpSpans } from './spans.js'

const memory = 32 * 2 ** 20
const resource = { service: 'shop', attributes: ['deployment.environment.name', 'development'] }

/** Fills a ring with one shape of record until it has lost the first of its spans, and asks it what it holds. */
function bytes({ shape }) {
  const store = createStore({ memory, report: createReport() })
  const next = source(shape)
  let added = 0
  while (store.stats.recent.evictedSpans === 0)
    // Asking after each record would cost more than adding it.
    for (let i = 0; i < 1000; i++) {
      const record = next()
      store.add(record, '')
      added += record.spans.length
    }
  const { recent } = store.stats
  if (recent.spans + recent.evictedSpans !== added)
    throw new Error('the ring has lost spans without counting them')
  return { perSpan: recent.bytes / recent.spans, held: recent.spans }
}

/**
 * Nanoseconds a record: the codec alone, and all that keeping it takes (figures, codec, row, index). A batch is timed right after it was
 * made, because in life a record is encoded while what it was made of is still in the processor's cache; `cold`, from a list of 20,000.
 */
function time({ shape, count }) {
  const next = source(shape)
  const store = createStore({ memory, report: createReport() })
  const codec = codecOf()
  const keep = (record) => store.add(record, '')
  const size = next().spans.length
  const batch = Math.round(500 / size)
  const batches = Math.ceil(count / batch)
  const times = { codec: [], keep: [] }
  // The first third is for the compiler.
  for (let i = -Math.ceil(batches / 3); i < batches; i++) {
    const [encode, add] = [timeBatch(codec, next, batch), timeBatch(keep, next, batch)]
    if (i < 0) continue
    times.codec.push(encode)
    times.keep.push(add)
  }
  const cold = timeBatch(codec, next, Math.round(20_000 / size))
  const { recent } = store.stats
  const kept = recent.spans + recent.evictedSpans
  if (kept !== (batches + Math.ceil(batches / 3)) * batch * size)
    throw new Error(`${kept} spans kept, not all of ${batches} batches`)
  return { codec: median(times.codec), keep: median(times.keep), cold }
}

// Each kind of work has records of its own: the second to read a record would find its texts hashed and its figures cached.
function timeBatch(work, next, count) {
  const records = Array.from({ length: count }, next)
  const figures = records.map(summarise)
  const began = performance.now()
  for (let i = 0; i < count; i++) work(records[i], figures[i])
  return ((performance.now() - began) * 1e6) / count
}

function source(shape) {
  const spans = new HttpSpans(7)
  let epochMs = 1.8e12
  return () => {
    epochMs += spans.below(20)
    return recordWith(spans, epochMs, resource, shapes[shape](spans))
  }
}

// Writes segment after segment into the same block.
function codecOf() {
  const plan = planRings(memory).recent
  const encoder = new Encoder(plan.maxTextIds, plan.seenSlots)
  const block = Buffer.alloc(plan.segmentBytes)
  const limit = plan.segmentBytes - 8192
  let written = 0
  return (record, figures) => {
    if (written === 0 || encoder.out.at > limit) encoder.begin(block, record.epochMs)
    written++
    encoder.out.limit = plan.segmentBytes
    encoder.record(record, 0, figures)
  }
}

answer({ bytes, time })
process.send({})
