import { maxDefinitions } from './definitions.ts'
import { maxSegmentBytes } from './segment.ts'
import { maxTextId } from './strings.ts'

/** How a ring is laid out in memory. */
export interface RingPlan {
  readonly segments: number
  readonly segmentBytes: number
  /** Buckets of the table from trace id to newest record; a power of two. */
  readonly buckets: number
  readonly maxTextIds: number
  /** Slots of the table of texts seen once; a power of two. */
  readonly seenSlots: number
}

export const minMemory: number = 2 ** 20
const fewestSegments = 16
// A record of one HTTP span and its row take about 100 bytes; fewer buckets than records make a lookup slow, each bucket takes 4 bytes.
const bytesPerBucket = 64

/** Divides the memory: three quarters for the recent ring, one for the kept one, everything that belongs to them included. */
export function planRings(memory: number): { recent: RingPlan; kept: RingPlan } {
  let segmentBytes = maxSegmentBytes
  while (segmentBytes * fewestSegments + overhead(segmentBytes, memory) > memory)
    segmentBytes -= 1024
  const segments = Math.floor((memory - overhead(segmentBytes, memory)) / segmentBytes)
  const kept = Math.max(4, Math.round(segments / 4))
  return { recent: plan(segments - kept, segmentBytes), kept: plan(kept, segmentBytes) }
}

function plan(segments: number, segmentBytes: number): RingPlan {
  return {
    segments,
    segmentBytes,
    buckets: powerBelow((segments * segmentBytes) / bytesPerBucket),
    maxTextIds: Math.min(maxTextId, segmentBytes >> 5),
    seenSlots: powerBelow(segmentBytes / 16)
  }
}

// Two rings, each with: tables of what is being filled, and the map of texts with an id, whose texts are all in the segment too.
function overhead(segmentBytes: number, memory: number): number {
  const { seenSlots, maxTextIds } = plan(1, segmentBytes)
  const filling = seenSlots * 6 + (maxTextIds + maxDefinitions) * 4 + segmentBytes
  const caches = Math.min(memory / 32, 2 ** 20)
  return 2 * filling + (memory / bytesPerBucket) * 4 + caches
}

function powerBelow(value: number): number {
  return 2 ** Math.floor(Math.log2(value))
}
