/** `GET api/inspect`: what is to be looked at more closely, and what was. */
export interface InspectState {
  /** Whether this process lets its page ask for it, and why not: '' when it does. */
  bodies: { allowed: boolean; why: string; always: boolean }
  profile: { allowed: boolean; why: string }
  /** What waits for requests to come. */
  wishes: Wish[]
  /** The CPU profiles in memory, newest last. */
  profiles: { traceId: string; spanId: string; name: string; time: number }[]
}

/** `POST api/inspect?kind=&method=&route=&count=` gives one. */
export interface Wish {
  id: number
  kind: 'bodies' | 'profile'
  method: string
  /** As the span has it: `/orders/:id`. */
  route: string
  /** Requests that it still waits for. */
  remaining: number
}
