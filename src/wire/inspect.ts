/** Whether this process lets its page ask for something, and why not: '' when it does. */
export interface Permit {
  allowed: boolean
  why: string
}

/** `GET api/inspect`: what is to be looked at more closely, and what was. */
export interface InspectState {
  bodies: Permit & { always: boolean }
  profile: Permit
  /** What waits for requests to come. */
  wishes: Wish[]
  /** The CPU profiles in memory, newest last. */
  profiles: ProfileOf[]
}

/** The request that a CPU profile is of. */
export interface ProfileOf {
  traceId: string
  spanId: string
  name: string
  /** Epoch milliseconds. */
  time: number
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
