import { LRUCache } from 'lru-cache'
import type { SummaryData } from '../trace/summary.ts'
import type { RouteFigures } from '../wire/status.ts'
import { Histogram } from './histogram.ts'

/** Routes that are remembered. A scanner that tries paths pushes out the routes least in use, and memory stays bounded. */
export const maxRoutes = 2000

const windowMinutes = 5

interface Route {
  readonly service: string
  readonly method: string
  readonly route: string
  readonly durations: Histogram
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

  /** `now` in milliseconds, of any clock that runs evenly. */
  constructor(now: () => number) {
    this.#now = now
    this.#since = now()
  }

  /** Counts a request. What is no request (late spans) is not counted. */
  observe(summary: SummaryData): void {
    if (summary.root === 'late') return
    const key = routeKey(summary)
    let route = this.#routes.get(key)
    if (route === undefined) {
      route = newRoute(summary)
      this.#routes.set(key, route)
    }
    route.durations.add(summary.duration)
    if (summary.status === 2 || summary.httpStatus >= 500) route.errors++
    const minute = this.#minute()
    const slot = minute % route.minute.length
    if (route.minute[slot] !== minute) {
      route.minute[slot] = minute
      route.perMinute[slot] = 0
    }
    route.perMinute[slot] = (route.perMinute[slot] as number) + 1
  }

  /** All routes, the largest share of time first: what is worth making faster. `perMinute` is over the last five minutes. */
  figures(): RouteFigures[] {
    const routes = [...this.#routes.values()]
    const total = routes.reduce((sum, { durations }) => sum + durations.sum, 0)
    const minute = this.#minute()
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
  }

  #minute(): number {
    return Math.floor((this.#now() - this.#since) / 60_000)
  }
}

/** Slowest of a route that are told apart, and requests of it seen before one is called slow. */
const slowestCount = 5
const leastSeen = 20

/** Decides which requests are worth keeping longer: those among the slowest of their route so far. */
export class SlowestOfRoute {
  readonly #routes = new LRUCache<string, { seen: number; readonly slowest: number[] }>({
    max: maxRoutes
  })

  /** Counts a request; true when it is slower than all but four of its route so far, at least 20 having been seen before it. */
  admit(summary: SummaryData): boolean {
    if (summary.root === 'late') return false
    const key = routeKey(summary)
    let route = this.#routes.get(key)
    if (route === undefined) {
      route = { seen: 0, slowest: [] }
      this.#routes.set(key, route)
    }
    const { slowest } = route
    const place = slowest.findIndex((duration) => summary.duration > duration)
    const among = place >= 0 || slowest.length < slowestCount
    if (among) slowest.splice(place < 0 ? slowest.length : place, 0, summary.duration)
    if (slowest.length > slowestCount) slowest.pop()
    route.seen++
    return among && route.seen > leastSeen
  }
}

function routeKey(summary: SummaryData): string {
  return `${summary.service}\n${summary.method}\n${summary.route || summary.name}`
}

function newRoute(summary: SummaryData): Route {
  return {
    service: summary.service,
    method: summary.method,
    route: summary.route || summary.name,
    durations: new Histogram(),
    errors: 0,
    perMinute: new Uint32Array(windowMinutes),
    minute: new Float64Array(windowMinutes).fill(-1)
  }
}
