import type { Limits } from '../base/limits.ts'
import type { Report } from '../base/report.ts'
import type { Guard } from '../base/safely.ts'
import type { Propagation } from '../span/propagation.ts'
import type { Redactor } from '../redact/redactor.ts'
import type { Tracer } from '../span/tracer.ts'
import type { LogLines } from './logs/log-lines.ts'
import type { Statements } from './databases/statements.ts'

/** What every watch is given. */
export interface WatchSetup {
  readonly tracer: Tracer
  readonly propagation: Propagation
  readonly redactor: Redactor
  readonly limits: Limits
  readonly report: Report
  /** False: nobody's trace is continued, messages' neither; their senders are linked. */
  readonly trustIncoming?: boolean | 'private' | undefined
  /** One of its own for each watch, so that a failing one is switched off alone. */
  readonly guard: Guard
  /** One for all databases. */
  readonly statements: Statements
  /** One for the console and all loggers. */
  readonly lines: LogLines
}

/** One thing of the host that is being looked at. */
export interface Watch {
  readonly instrumented: Instrumented
  /** Puts everything back; calls that are under way still end their spans. */
  stop(): void
}

/** What is watched, whether it works, and how or why not, in words for the page. */
export interface Instrumented {
  readonly name: string
  readonly on: boolean
  readonly how: string
}

interface Registry {
  readonly parts: Set<string>
  readonly objects: WeakSet<object>
}

// Known to every copy of the package in the process (CommonJS beside ESM, a hot reload): two of them would record every call twice.
const registryKey: symbol = Symbol.for('spanlight.watched')

function registry(): Registry {
  const found = Reflect.get(globalThis, registryKey) as Registry | undefined
  if (found !== undefined) return found
  const made: Registry = { parts: new Set(), objects: new WeakSet() }
  Object.defineProperty(globalThis, registryKey, { value: made, configurable: true })
  return made
}

/** Takes a part of the process for this copy; gives what releases it, or undefined when another copy holds it. */
export function claim(part: string): (() => void) | undefined {
  const { parts } = registry()
  if (parts.has(part)) return undefined
  parts.add(part)
  return () => void parts.delete(part)
}

/** The same for an object of the host, such as a library's prototype. */
export function claimObject(object: object): (() => void) | undefined {
  const { objects } = registry()
  if (objects.has(object)) return undefined
  objects.add(object)
  return () => void objects.delete(object)
}

/** How one of the host's methods is put back; undefined where it could not be replaced. */
export type Undo = (() => void) | undefined

interface Wrapped extends Instrumented {
  /** Why it is off: what is frozen. */
  readonly frozen: string
  /** May grow while it is watched. */
  readonly undo: readonly Undo[]
  readonly release: () => void
}

/** A watch of an object that was claimed and whose methods were replaced. */
export function watchWrapped({ name, on, how, frozen, undo, release }: Wrapped): Watch {
  return {
    instrumented: { name, on, how: on ? how : frozen },
    stop() {
      for (const restore of undo) restore?.()
      release()
    }
  }
}

/** A watch that found nothing to wrap. */
export function notWatched(name: string, how: string): Watch {
  return { instrumented: { name, on: false, how }, stop() {} }
}

/** A watch that does nothing because another copy of the package already does it. */
export function watchedElsewhere(name: string): Watch {
  return {
    instrumented: { name, on: true, how: 'by the copy of spanlight that was loaded first' },
    stop() {}
  }
}
