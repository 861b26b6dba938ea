import type { OtherSystemsSetup } from './other-systems.ts'
import type { QueryApi } from './serve/queries.ts'
import type { ServeSetup } from './serve/setup.ts'

/** What `queryApis` answers; a test compares. */
export const queryPrefixes = ['jaeger/api/', 'api/v2/', 'zipkin/'] as const

/**
 * What others send and ask for, in their own formats. It is a sixth of all code, and a process whose page nobody looks at needs none of it:
 * it is loaded with the first request of that kind.
 */
export function whenAsked(
  setup: OtherSystemsSetup
): Pick<ServeSetup, 'ingest' | 'importFile' | 'formats' | 'queries'> {
  let loading: ReturnType<typeof load> | undefined
  async function load() {
    const { createOtherSystems } = await import('./other-systems.ts')
    return createOtherSystems(setup)
  }
  // A file that is not there now (the package is being updated) may be there for the next request.
  const systems = (): ReturnType<typeof load> =>
    (loading ??= load().catch((error: unknown) => {
      loading = undefined
      throw error
    }))
  const query = (prefix: string): QueryApi => ({
    prefix,
    async answer(path, params) {
      const { queries } = await systems()
      return queries.find((api) => api.prefix === prefix)?.answer(path, params)
    }
  })
  return {
    ingest: async (body, format) => (await systems()).ingest(body, format),
    importFile: async (file) => (await systems()).importFile(file),
    formats: async () => (await systems()).formats,
    queries: queryPrefixes.map(query)
  }
}
