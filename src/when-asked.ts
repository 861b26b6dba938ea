import { later } from './base/later.ts'
import type { OtherSystemsSetup } from './other-systems.ts'
import type { ReaderSetup } from './query/reader.ts'
import type { Reader } from './query/types.ts'
import type { Front, Page } from './serve/front.ts'
import type { QueryApi } from './serve/queries.ts'
import type { FrontSetup, PageSetup } from './serve/setup.ts'

/** What `queryApis` answers; a test compares. */
export const queryPrefixes = ['jaeger/api/', 'api/v2/', 'zipkin/'] as const

export interface AskedSetup {
  readonly reading: ReaderSetup
  readonly page: Omit<PageSetup, 'reader' | keyof OtherSystems>
  readonly others: Omit<OtherSystemsSetup, 'reader'>
}

type OtherSystems = Pick<PageSetup, 'importFile' | 'formats' | 'queries'>

interface Asked extends Pick<FrontSetup, 'ingest'>, Pick<Reader, 'runtime'> {
  readonly open: (front: Front) => Promise<Page>
}

/**
 * What reads, and what others send and ask for in their own formats. Both are a sixth of all code, and a process whose page nobody looks at needs none of
 * it: the first is loaded with the first request for us, the second with the first of its kind.
 */
export function whenAsked({ reading, page, others }: AskedSetup): Asked {
  const looking = later(async () => {
    const { createReader, createPage } = await import('./looking.ts')
    return { reader: createReader(reading), createPage }
  })
  const systems = later(async () => {
    const { createOtherSystems } = await import('./other-systems.ts')
    const { reader } = await looking()
    return createOtherSystems({ ...others, reader })
  })
  const query = (prefix: string): QueryApi => ({
    prefix,
    async answer(path, params) {
      const { queries } = await systems()
      return queries.find((api) => api.prefix === prefix)?.answer(path, params)
    }
  })
  return {
    ingest: async (body, format) => (await systems()).ingest(body, format),
    runtime: async (traceId) => (await looking()).reader.runtime(traceId),
    async open(front) {
      const { reader, createPage } = await looking()
      const setup = {
        ...page,
        reader,
        importFile: async (file) => (await systems()).importFile(file),
        formats: async () => (await systems()).formats,
        queries: queryPrefixes.map(query)
      } satisfies PageSetup
      return createPage(setup, front)
    }
  }
}
