import type { Inspections } from './inspect/inspections.ts'
import type { Profiler } from './inspect/profiler.ts'
import type { Settings } from './options.ts'
import type { InspectSetup } from './serve/inspect-api.ts'

interface InspectingSetup {
  readonly inspections: Inspections
  readonly profiler: Profiler
  readonly settings: Settings
  readonly mode: () => string
}

/**
 * Lets the page ask for bodies and profiles of requests to come: on the developer's own machine. Elsewhere other people's requests come
 * through, and who may see the page must not by that alone switch on more than its owner did.
 */
export function inspectSetup({
  inspections,
  profiler,
  settings,
  mode
}: InspectingSetup): InspectSetup {
  const { capture, profile } = settings
  const permit = (allowed: boolean, option: string): { allowed: boolean; why: string } => ({
    allowed,
    why: allowed ? '' : `with access '${mode()}' it takes ${option}`
  })
  return {
    state: () => ({
      bodies: {
        ...permit(mode() === 'local' || capture.bodies, 'capture: { bodies: true }'),
        always: capture.bodies
      },
      profile: permit(profile ?? mode() === 'local', 'profile: true'),
      wishes: [...inspections.wishes],
      profiles: [...profiler.profiles]
    }),
    add: (kind, method, route, count) => inspections.add(kind, method, route, count),
    cancel: (id) => inspections.cancel(id),
    profile: (traceId) => profiler.of(traceId)
  }
}
