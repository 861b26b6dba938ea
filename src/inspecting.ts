import type { Inspections } from './inspect/inspections.ts'
import type { Profiler } from './inspect/profiler.ts'
import type { Settings } from './options.ts'
import type { InspectSetup } from './serve/inspect-api.ts'
import type { Permit, ProfileOf, Wish } from './wire/inspect.ts'

interface InspectingSetup {
  readonly inspections: Inspections
  readonly profiler: Profiler
  readonly settings: Settings
  readonly mode: () => string
  /** What other workers of the application have profiled. */
  readonly family: { readonly profiles: ProfilesElsewhere }
}

export interface ProfilesElsewhere {
  list(): Promise<ProfileOf[]>
  of(traceId: string): Promise<string | undefined>
}

/**
 * Lets the page ask for bodies and profiles of requests to come: on the developer's own machine. Elsewhere other people's requests come
 * through, and who may see the page must not by that alone switch on more than its owner did.
 */
export function inspectSetup({
  inspections,
  profiler,
  settings,
  mode,
  family
}: InspectingSetup): InspectSetup {
  const { capture, profile } = settings
  const permit = (kind: Wish['kind']): Permit => {
    const [allowed, option] =
      kind === 'bodies'
        ? [mode() === 'local' || capture.bodies, 'capture: { bodies: true }']
        : [profile ?? mode() === 'local', 'profile: true']
    return { allowed, why: allowed ? '' : `with access '${mode()}' it takes ${option}` }
  }
  return {
    permit,
    async state() {
      const profiles = [...profiler.profiles, ...(await family.profiles.list())]
      return {
        bodies: { ...permit('bodies'), always: capture.bodies },
        profile: permit('profile'),
        wishes: [...inspections.wishes],
        profiles: profiles.sort((a, b) => a.time - b.time)
      }
    },
    add: (kind, method, route, count) => inspections.add(kind, method, route, count),
    cancel: (id) => inspections.cancel(id),
    profile: async (traceId) => profiler.of(traceId) ?? family.profiles.of(traceId)
  }
}
