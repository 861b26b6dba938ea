import { createReport } from './base/report.ts'
import type { Tracing } from './handles.ts'
import type { TracingOptions } from './options.ts'
import { processWide, registrationPlace, tracingPlace } from './places.ts'
import { createTracing } from './tracing.ts'

/** The process's recorder, made by the first call; a later call's options do not change it. */
export function sharedTracing(options: TracingOptions | undefined): Tracing {
  const found = processWide[tracingPlace]
  const registration = processWide[registrationPlace]
  const asks = Object.keys(options ?? {}).length > 0
  if (found !== undefined && !(asks && found === registration?.early)) {
    if (asks)
      createReport().say(
        'tracing() was called before in this process: the options of the first call stay'
      )
    return found
  }
  processWide[tracingPlace] = undefined
  void found?.close()
  const made = createTracing(options)
  processWide[tracingPlace] = made
  registration?.made(made)
  return made
}

/** Ends the process's recorder: nothing is recorded or served any more, everything that was wrapped is as before. */
export async function shutdown(): Promise<void> {
  processWide[registrationPlace]?.stop()
  const tracing = processWide[tracingPlace]
  processWide[tracingPlace] = undefined
  await tracing?.close()
}
