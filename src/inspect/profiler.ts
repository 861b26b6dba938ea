import type { Session } from 'node:inspector'
import type { Report } from '../base/report.ts'
import type { Guard } from '../base/safely.ts'
import type { ProfileOf } from '../wire/inspect.ts'
import { type CpuProfile, cutProfile } from './cpu-profile.ts'
import type { Found } from './inspections.ts'

/** Microseconds between two samples. */
const interval = 500
/** How long it waits for a request, and how long one may then go on, in milliseconds. */
export const patience = 60_000
const longest = 30_000
const maxKept = 5
/** Characters of one profile. */
const maxLength = 16 * 2 ** 20

/** Folder of the package's code, as the profile names it. */
const recorder = new URL('..', import.meta.url).href

interface Kept extends ProfileOf {
  readonly text: string
}

/**
 * CPU profiles of single requests, by the profiler that V8 has built in; it sees all that the thread does. Its start takes some 50 ms of the
 * thread, which would be the largest part of many a request: so it is started before, when somebody asks, and what it saw outside of
 * the request is cut off.
 */
export class Profiler {
  readonly #guard: Guard
  readonly #report: Report
  readonly #kept: Kept[] = []
  #session: Session | undefined
  #timer: NodeJS.Timeout | undefined
  #taken = false

  constructor(guard: Guard, report: Report) {
    this.#guard = guard
    this.#report = report
  }

  /** What is kept, newest last. */
  get profiles(): readonly ProfileOf[] {
    return this.#kept.map(({ traceId, spanId, name, time }) => ({ traceId, spanId, name, time }))
  }

  /** The newest of that trace, or of that span of it, as V8 gives it: the text of a `.cpuprofile` file. */
  of(traceId: string, spanId?: string): string | undefined {
    const of = (one: ProfileOf): boolean =>
      one.traceId === traceId && (spanId === undefined || one.spanId === spanId)
    return this.#kept.findLast(of)?.text
  }

  /** Gets ready for a request to come. */
  start(): void {
    this.#guard(() => {
      clearTimeout(this.#timer)
      this.#timer = setTimeout(this.#giveUp, patience).unref()
      if (this.#session !== undefined) return
      // When it is asked for: a Node that is built without the inspector refuses the import.
      const inspector = process.getBuiltinModule('node:inspector')
      const session = new inspector.Session()
      session.connect()
      this.#session = session
      session.post('Profiler.enable')
      session.post('Profiler.setSamplingInterval', { interval })
      session.post('Profiler.start')
    })
  }

  /** A request begins. Gives what ends its profile, or, with nothing to keep, waits for another; undefined when it is not its turn. */
  begin(): ((found: Found | undefined) => void) | undefined {
    if (this.#session === undefined || this.#taken) return undefined
    this.#taken = true
    const session = this.#session
    const from = microseconds()
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#giveUp, longest).unref()
    return (found) => {
      // One that went on for too long, or was still running when everything was closed.
      if (this.#session !== session || !this.#taken) return
      this.#taken = false
      if (found === undefined) return this.start()
      const to = microseconds()
      this.#guard(() => {
        const profile = this.stop()
        if (profile === undefined) return
        this.#keep(found, { ...cutProfile(profile, from, to), recorder })
      })
    }
  }

  readonly #giveUp = (): void => {
    this.#guard(() => this.stop())
  }

  /** Ends what runs. */
  stop(): CpuProfile | undefined {
    clearTimeout(this.#timer)
    const session = this.#session
    this.#session = undefined
    this.#taken = false
    return this.#guard(() => {
      let profile: CpuProfile | undefined
      // Of the same thread: the answer is there when `post` returns.
      session?.post('Profiler.stop', (error, result) => {
        if (error === null) profile = result.profile as CpuProfile
      })
      session?.disconnect()
      return profile
    })
  }

  #keep(found: Found, profile: CpuProfile): void {
    const text = JSON.stringify(profile)
    if (text.length > maxLength) {
      this.#report.say('a CPU profile was not kept: it is longer than 16 MB')
      return
    }
    this.#kept.push({ ...found, text, time: Date.now() })
    if (this.#kept.length > maxKept) this.#kept.shift()
  }
}

/** Of the clock that the profile counts by. */
function microseconds(): number {
  return Number(process.hrtime.bigint() / 1000n)
}
