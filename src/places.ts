import type { Tracing } from './handles.ts'

/** What `spanlight/register` does for the process's recorder. */
export interface Registration {
  /** The recorder that it started by itself, for a library that was loaded, as long as no server listens: the application's own options win over it. */
  readonly early: Tracing | undefined
  /** Told of each recorder that is made. */
  made(tracing: Tracing): void
  /** Gives everything back. */
  stop(): void
}

/**
 * What is one in a process, whatever mounts us how often: a second mount, a second application, a module that is loaded anew. The places are
 * registered symbols because a hot reload gives us a second copy of this very file.
 */
export const tracingPlace: unique symbol = Symbol.for('spanlight.tracing') as never
export const registrationPlace: unique symbol = Symbol.for('spanlight.register') as never

interface Places {
  [tracingPlace]?: Tracing | undefined
  [registrationPlace]?: Registration | undefined
}

export const processWide: Places = globalThis as Places

/** The recorder, if there is one. */
export function currentTracing(): Tracing | undefined {
  return processWide[tracingPlace]
}
