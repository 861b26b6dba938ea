import { createReport } from './base/report.ts'
import type { TracingOptions } from './options.ts'
import type { Tracing } from './handles.ts'
import { createTracing } from './tracing.ts'

/**
 * One recorder per process, whatever mounts it how often: a second mount, a second application, a module that is loaded anew. The
 * place is a registered symbol because a hot reload gives us a second copy of this very file.
 */
const place = Symbol.for('spanlight.tracing')

type Holder = { [place]?: Tracing | undefined }

/** The process's recorder, made by the first call; a later call's options do not change it. */
export function sharedTracing(options: TracingOptions | undefined): Tracing {
  const holder = globalThis as Holder
  const found = holder[place]
  if (found === undefined) return (holder[place] = createTracing(options))
  if (Object.keys(options ?? {}).length > 0) {
    createReport().say(
      'tracing() was called before in this process: the options of the first call stay'
    )
  }
  return found
}

/** The recorder, if there is one. */
export function currentTracing(): Tracing | undefined {
  return (globalThis as Holder)[place]
}

/** Ends the process's recorder: nothing is recorded or served any more, everything that was wrapped is as before. */
export async function shutdown(): Promise<void> {
  const holder = globalThis as Holder
  const tracing = holder[place]
  holder[place] = undefined
  await tracing?.close()
}
