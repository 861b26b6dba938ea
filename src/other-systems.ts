import { createImporting, importInto } from './importing.ts'
import { fileFormats } from './file-formats.ts'
import { queryApis } from './query-apis.ts'
import type { Reader } from './query/types.ts'
import { createReceiving, type ReceivingSetup } from './receiving.ts'
import type { QueryApi } from './serve/queries.ts'
import type { ServeSetup } from './serve/setup.ts'
import type { TraceStore } from './store/types.ts'

export interface OtherSystemsSetup extends ReceivingSetup {
  readonly reader: Reader
  readonly store: Pick<TraceStore, 'add' | 'recordsInParts'>
}

type OtherSystems = Pick<ServeSetup, 'ingest' | 'importFile'> & {
  readonly formats: typeof fileFormats
  readonly queries: readonly QueryApi[]
}

/** Whatever reads and writes the formats of other systems. */
export function createOtherSystems(setup: OtherSystemsSetup): OtherSystems {
  return {
    ingest: createReceiving(setup),
    importFile: createImporting({ ...setup, ...importInto(setup.store) }),
    formats: fileFormats,
    queries: queryApis(setup.reader, setup.now)
  }
}
