import { useEffect, useState } from 'preact/hooks'
import type { SpanDetail } from '../../src/wire/trace.ts'
import { ApiProblem, getSpan, isAbort } from '../api.ts'
import type { Model } from './model.ts'

/** The span's details; undefined until they are there. Asked again when the trace has grown. */
export function useDetail(
  traceId: string,
  spanId: string,
  model: Model
): SpanDetail | ApiProblem | undefined {
  const [detail, setDetail] = useState<SpanDetail | ApiProblem | undefined>(undefined)
  useEffect(() => {
    if (spanId === '') return undefined
    const loading = new AbortController()
    getSpan(traceId, spanId, loading.signal).then(setDetail, (error: unknown) => {
      if (!isAbort(error))
        setDetail(error instanceof ApiProblem ? error : new ApiProblem(0, String(error), ''))
    })
    return () => loading.abort()
  }, [traceId, spanId, model])
  return detail === undefined || detail instanceof ApiProblem || detail.spanId === spanId
    ? detail
    : undefined
}

/** What the span's error says, in one line; '' without an error, and until it is known. */
export function useErrorText(traceId: string, model: Model, row: number): string {
  const detail = useDetail(traceId, model.columns.spans.id[row] ?? '', model)
  if (detail === undefined || detail instanceof ApiProblem) return ''
  const exception = exceptionsOf(detail)[0]
  return exception === undefined
    ? detail.statusMessage || errorType(detail)
    : `${exception.type || 'Error'}: ${exception.message}`
}

export interface Exception {
  type: string
  message: string
  stack: string
}

/** The exceptions of a span, from their events. */
export function exceptionsOf(span: SpanDetail): Exception[] {
  return span.events
    .filter((event) => event.name === 'exception')
    .map((event) => {
      const text = (key: string) =>
        String(event.attributes.find(([name]) => name === key)?.[1] ?? '')
      return {
        type: text('exception.type'),
        message: text('exception.message'),
        stack: text('exception.stacktrace')
      }
    })
}

export function errorType(span: SpanDetail): string {
  const type = span.attributes.find(([key]) => key === 'error.type')?.[1]
  return typeof type === 'string' ? type : ''
}
