import { pathMatcher } from './path-matcher.ts'
import { patience as profilerPatience, type Profiler } from './profiler.ts'

/** What can be looked at more closely than is done for every request. */
export type Kind = 'bodies' | 'profile'

/** What somebody wants to know of requests to come. */
export interface Wish {
  readonly id: number
  readonly kind: Kind
  readonly method: string
  /** As the span has it: `/orders/:id`. */
  readonly route: string
  /** Requests that it still waits for. */
  remaining: number
}

/** A wish as workers of one application tell each other. */
export interface SharedWish extends Wish {
  /** Milliseconds for which it is still waited. */
  readonly forMs: number
}

/** What is done for one request; `end` is told its route, which may be known only then. */
export interface Inspection {
  readonly bodies: boolean
  end(found: Found): void
}

export interface Found {
  readonly traceId: string
  readonly spanId: string
  readonly name: string
}

interface Open extends Wish {
  readonly matches: (path: string) => boolean
  readonly until: number
}

export interface InspectionsSetup {
  /** Whether the bodies of all requests are kept. */
  readonly bodies: boolean
  readonly now: () => number
  readonly profiler: Pick<Profiler, 'start' | 'begin' | 'stop'>
  /** The wishes have changed; `granted` is the id of one that a request here has come for. */
  readonly onChange?: (granted?: number) => void
}

const maxWishes = 20
const maxCount = 100
/** A wish that nothing has come for within this time is forgotten: it would surprise whoever made it. In milliseconds. */
const patience = { bodies: 600_000, profile: profilerPatience }

/** The requests that are looked at more closely. */
export class Inspections {
  readonly #setup: InspectionsSetup
  #wishes: Open[] = []
  #lastId = 0

  constructor(setup: InspectionsSetup) {
    this.#setup = setup
  }

  /** Whether anything is to be looked at: asked for each request. */
  get active(): boolean {
    return this.#setup.bodies || this.#wishes.length > 0
  }

  get wishes(): readonly Wish[] {
    this.#forget()
    return this.#wishes.map(shown)
  }

  /** Undefined when too many wait already. A profile is of one request. */
  add(kind: Kind, method: string, route: string, count: number): Wish | undefined {
    this.#forget()
    if (this.#wishes.length >= maxWishes) return undefined
    const wish: Open = {
      id: ++this.#lastId,
      kind,
      method,
      route,
      remaining: kind === 'profile' ? 1 : Math.min(count, maxCount),
      matches: pathMatcher(route),
      until: this.#setup.now() + patience[kind]
    }
    this.#wishes.push(wish)
    if (kind === 'profile') this.#setup.profiler.start()
    this.#setup.onChange?.()
    return shown(wish)
  }

  /** False when there is no such wish (any more). */
  cancel(id: number): boolean {
    const there = this.#wishes.some((wish) => wish.id === id)
    this.#keep((wish) => wish.id !== id)
    if (there) this.#setup.onChange?.()
    return there
  }

  /** The wishes for the other workers of the application, any of which may get the request. */
  get shared(): SharedWish[] {
    this.#forget()
    const now = this.#setup.now()
    return this.#wishes.map((wish) => ({ ...shown(wish), forMs: wish.until - now }))
  }

  /** These are all that there are, says the worker that was asked. */
  adopt(wishes: readonly SharedWish[]): void {
    const known = new Set(this.#wishes.map(({ id }) => id))
    const now = this.#setup.now()
    const all = wishes.map((wish) => ({
      ...shown(wish),
      matches: pathMatcher(wish.route),
      until: now + wish.forMs
    }))
    this.#keep(({ id }) => all.some((wish) => wish.id === id))
    this.#wishes = all
    this.#lastId = Math.max(this.#lastId, ...all.map(({ id }) => id))
    if (all.some(({ id, kind }) => kind === 'profile' && !known.has(id)))
      this.#setup.profiler.start()
  }

  /** A request has come for a wish, in another worker. False when there is no such wish (any more). */
  granted(id: number): boolean {
    const wish = this.#wishes.find((one) => one.id === id)
    if (wish === undefined) return false
    wish.remaining--
    if (wish.remaining <= 0) this.#keep((one) => one !== wish)
    return true
  }

  /** To be called as a request begins, if `active`. */
  begin(method: string, path: string): Inspection | undefined {
    this.#forget()
    const matching = this.#wishes.filter((wish) => wish.method === method && wish.matches(path))
    const forBodies = matching.find(({ kind }) => kind === 'bodies')
    const forProfile = matching.find(({ kind }) => kind === 'profile')
    const bodies = this.#setup.bodies || forBodies !== undefined
    if (forBodies !== undefined) this.#grant(forBodies)
    const stop = forProfile && this.#setup.profiler.begin()
    if (!bodies && stop === undefined) return undefined
    return {
      bodies,
      end: (found) => {
        if (forProfile === undefined || stop === undefined) return
        // Another route's pattern may match the same path: that one was not asked for.
        const meant = found.name === `${method} ${forProfile.route}` || !isPattern(forProfile.route)
        stop(meant ? found : undefined)
        if (!meant) return
        this.#grant(forProfile)
        if (this.#profiling) this.#setup.profiler.start()
      }
    }
  }

  #grant({ id }: Open): void {
    if (this.granted(id)) this.#setup.onChange?.(id)
  }

  #forget(): void {
    if (this.#wishes.length === 0) return
    const now = this.#setup.now()
    this.#keep(({ until }) => until > now)
  }

  // The profiler runs for as long as somebody waits for it.
  #keep(which: (wish: Open) => boolean): void {
    const wanted = this.#profiling
    this.#wishes = this.#wishes.filter(which)
    if (wanted && !this.#profiling) this.#setup.profiler.stop()
  }

  get #profiling(): boolean {
    return this.#wishes.some(({ kind }) => kind === 'profile')
  }
}

function shown({ id, kind, method, route, remaining }: Wish): Wish {
  return { id, kind, method, route, remaining }
}

function isPattern(route: string): boolean {
  return /[:*{(]/.test(route)
}
