import { constants, performance, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import type { Clock } from '../base/clock.ts'
import type { Guard } from '../base/safely.ts'
import type { Collection } from '../wire/runtime.ts'
import { Recent } from './recent.ts'

/** A pause of the garbage collector; times in epoch milliseconds. */
export interface Pause {
  readonly from: number
  readonly to: number
  readonly kind: Collection['kind']
}

export interface Collections {
  readonly pauses: Recent<Pause>
  /** Milliseconds of pauses so far, those included that are too short to be kept. */
  readonly total: number
  stop(): void
}

/** Milliseconds; a shorter one is in nobody's way. */
const leastPauseMs = 0.5
const maxPauses = 4096

const kinds: Readonly<Record<number, Pause['kind']>> = {
  [constants.NODE_PERFORMANCE_GC_MINOR]: 'minor',
  [constants.NODE_PERFORMANCE_GC_MAJOR]: 'major',
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental',
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weak'
}

// The entries of this kind alone have a detail, which the common type lacks.
type CollectionEntry = PerformanceEntry & { readonly detail: { readonly kind: number } }

/** Follows the pauses of the garbage collector. V8 tells of them after the fact, in a turn of the event loop of their own. */
export function followCollections(clock: Clock, guard: Guard): Collections {
  const pauses = new Recent<Pause>(maxPauses)
  let total = 0
  const observer = new PerformanceObserver((list) => {
    guard(() => {
      const anchor = clock.anchor(performance.now())
      for (const entry of list.getEntries() as CollectionEntry[]) {
        const { startTime, duration, detail } = entry
        total += duration
        if (duration < leastPauseMs) continue
        const from = anchor + startTime
        const kind = kinds[detail.kind] ?? 'minor'
        pauses.add({ from, to: from + duration, kind })
      }
    })
  })
  observer.observe({ entryTypes: ['gc'] })
  return {
    pauses,
    get total() {
      return total
    },
    stop: () => observer.disconnect()
  }
}
