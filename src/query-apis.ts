import { createJaegerApi } from './interop/jaeger/api.ts'
import { jsonParts } from './interop/otlp/encode.ts'
import { createZipkinApis } from './interop/zipkin/api.ts'
import type { Reader } from './query/types.ts'
import type { QueryApi } from './serve/queries.ts'
import { version } from './version.ts'

/** Other systems' APIs, over what is in memory here: their user interfaces and dashboards open our traces. */
export function queryApis(reader: Reader, now: () => number): readonly QueryApi[] {
  return [
    createJaegerApi({ reader, otlp: jsonParts, now }),
    ...createZipkinApis({ reader, version, now })
  ]
}
