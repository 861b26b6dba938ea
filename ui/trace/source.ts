import { useEffect, useState } from 'preact/hooks'
import type { SpanSource } from '../../src/wire/source.ts'
import type { SpanDetail } from '../../src/wire/trace.ts'
import { getSource, token } from '../api.ts'
import { listHref } from '../route.ts'
import { status } from '../state.ts'
import { term } from './attributes.ts'
import { exceptionsOf } from './detail.ts'
import { isOurs, type Model } from './model.ts'

/** A place in the code that a span was started from. */
export interface Site {
  readonly file: string
  readonly line: number
  /** '' until it is known, and where it has no name. */
  readonly fn: string
}

/** File and line are known with the trace, the function with the span. */
export function siteOf(
  { columns: { sites } }: Model,
  row: number,
  span?: SpanDetail
): Site | undefined {
  const place = /^(.*):(\d+)$/s.exec(sites.lines[sites.of[row] ?? -1] ?? '')
  if (place === null) return undefined
  const fn = span?.attributes.find(([key]) => key === 'code.function.name')?.[1]
  return { file: place[1] ?? '', line: Number(place[2]), fn: typeof fn === 'string' ? fn : '' }
}

/** Whether an attribute is a part of the site. */
export function isSiteKey(key: string): boolean {
  return /^code\.(?:file\.path|(?:line|column)\.number|function\.name)$/.test(key)
}

/** All traces with a span from this line. */
export function lineHref({ file, line }: Site): string {
  const [inFile, atLine] = [term('code.file.path', file, '='), term('code.line.number', line, '=')]
  return listHref({ q: `${inFile} ${atLine}` })
}

/** Lines of code around the span's call site and stacks; undefined where there are none to be had. */
export function useSource(
  traceId: string,
  model: Model,
  row: number,
  span: SpanDetail | undefined
): SpanSource | undefined {
  const spanId = span?.spanId ?? ''
  const [source, setSource] = useState<{ of: string; found: SpanSource } | undefined>(undefined)
  const says =
    span !== undefined && (siteOf(model, row) !== undefined || exceptionsOf(span).length > 0)
  // Only this machine in local mode is shown source.
  const allowed = status.value?.mode === 'local' && token() === ''
  const asks = says && allowed && isOurs(model, row)
  useEffect(() => {
    if (!asks) return undefined
    const loading = new AbortController()
    getSource(traceId, spanId, loading.signal).then(
      (found) => setSource({ of: spanId, found }),
      // Without it there is a line less to see; the span itself says what is wrong.
      () => {}
    )
    return () => loading.abort()
  }, [traceId, spanId, asks, model])
  return asks && source?.of === spanId ? source.found : undefined
}
