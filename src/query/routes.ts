import { LRUCache } from 'lru-cache'
import type { SummaryData } from '../trace/summary.ts'
import type { RouteFigures } from '../wire/status.ts'
import { Histogram } from './histogram.ts'

/** Routes that are remembered. A scanner that tries paths pushes out the routes least in use, and memory stays bounded. */
export const maxRoutes = 2000

const windowMinutes = 5

/** Slowest of a route that are told apart, and requests of it seen before one is called slow. */
const slowestCount = 5
const leastSeen = 20

interface Route {
  readonly service: string
  readonly method: string
  readonly route: string
  readonly durations: Histogram
  /** Milliseconds, the longest first. */
  readonly slowest: number[]
  errors: number
  /** Requests by minute, the minute's number modulo the length; and which minute each slot is about. */
  readonly perMinute: Uint32Array
  readonly minute: Float64Array
}

/** Figures of each route since the start, fed with every record: percentiles outlive the traces that made them. */
export class Routes {
  readonly #routes = new LRUCache<string, Route>({ max: maxRoutes })
  readonly #now: () => number
  readonly #since: number
  // The one in use most recently needs no looking up, which takes most of the time here.
  #last: Route | undefined

  /** `now` in milliseconds, of any clock that runs evenly. */
  constructor(now: () => number) {
    this.#now = now
    this.#since = now()
  }

  /**
   * Counts a request at a reading of the clock. True when it is worth keeping longer: slower than all but four of its route so far, at least
   * 20 having been seen before it. What is no request (late spans) is not counted.
   */
  observe(summary: SummaryData, now: number = this.#now()): boolean {
    if (summary.root === 'late') return false
    const route = this.#routeOf(summary)
    const { durations } = route
    durations.add(summary.duration)
    if (summary.status === 2 || summary.httpStatus >= 500) route.errors++
    const minute = this.#minute(now)
    const slot = minute % route.minute.length
    if (route.minute[slot] !== minute) {
      route.minute[slot] = minute
      route.perMinute[slot] = 0
    }
    route.perMinute[slot] = (route.perMinute[slot] as number) + 1
    return isAmong(route.slowest, summary.duration) && durations.count > leastSeen
  }

  #routeOf(summary: SummaryData): Route {
    const { service, method } = summary
    const name = summary.route || summary.name
    const last = this.#last
    if (last?.route === name && last.method === method && last.service === service) return last
    const key = `${service}\n${method}\n${name}`
    let route = this.#routes.get(key)
    if (route === undefined) this.#routes.set(key, (route = newRoute(service, method, name)))
    return (this.#last = route)
  }

  /** All routes, the largest share of time first: what is worth making faster. `perMinute` is over the last five minutes. */
  figures(): RouteFigures[] {
    const routes = [...this.#routes.values()]
    const total = routes.reduce((sum, { durations }) => sum + durations.sum, 0)
    const minute = this.#minute(this.#now())
    const elapsed = Math.min(windowMinutes, Math.max(1, (this.#now() - this.#since) / 60_000))
    const figures = routes.map((route): RouteFigures => {
      const { durations } = route
      let recent = 0
      for (const [slot, at] of route.minute.entries())
        if (at > minute - windowMinutes) recent += route.perMinute[slot] as number
      return {
        route: route.route,
        method: route.method,
        service: route.service,
        count: durations.count,
        errors: route.errors,
        perMinute: recent / elapsed,
        p50: durations.quantile(0.5),
        p95: durations.quantile(0.95),
        p99: durations.quantile(0.99),
        max: durations.max,
        share: total === 0 ? 0 : durations.sum / total
      }
    })
    return figures.sort((a, b) => b.share - a.share || b.count - a.count)
  }

  clear(): void {
    this.#routes.clear()
    this.#last = undefined
  }

  #minute(now: number): number {
    return Math.floor((now - this.#since) / 60_000)
  }
}

// Takes the duration in, when it is.
function isAmong(slowest: number[], duration: number): boolean {
  let place = slowest.length
  while (place > 0 && duration > (slowest[place - 1] as number)) place--
  if (place === slowestCount) return false
  slowest.splice(place, 0, duration)
  if (slowest.length > slowestCount) slowest.pop()
  return true
}

function newRoute(service: string, method: string, route: string): Route {
  return {
    service,
    method,
    route,
    durations: new Histogram(),
    slowest: [],
    errors: 0,
    perMinute: new Uint32Array(windowMinutes),
    minute: new Float64Array(windowMinutes).fill(-1)
  }
}
