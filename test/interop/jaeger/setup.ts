import type { z } from 'zod'
import { jsonParts } from '../../../src/interop/otlp/encode.ts'
import { createJaegerApi } from '../../../src/interop/jaeger/api.ts'
import { createReader } from '../../../src/query/reader.ts'
import type { TraceStore } from '../../../src/store/types.ts'
import { openTracing } from '../../query/open.ts'

/** Asks Jaeger's API over what is in a store; gives the status and the parsed answer. */
export function asking(store: TraceStore) {
  const { open, ...recording } = openTracing(store)
  const now = (): number => performance.now()
  const reader = createReader({ store, open, routes: { figures: () => [] }, now })
  const api = createJaegerApi({ reader, otlp: jsonParts, now })
  async function ask(address: string): Promise<{ status: number; text: string }> {
    const [path, query = ''] = address.split('?', 2) as [string, string?]
    const answer = await api.answer(path, new URLSearchParams(query))
    if (answer === undefined) return { status: 404, text: '' }
    const { status = 200, body } = answer
    const text =
      'pieces' in body ? [...(body.pieces as Iterable<string>)].join('') : JSON.stringify(body)
    return { status, text }
  }
  /** The answer as a client reads it that checks all of it. */
  async function read<T extends z.ZodType>(
    schema: T,
    address: string,
    expected = 200
  ): Promise<z.infer<T>> {
    const { status, text } = await ask(address)
    if (status !== expected) throw new Error(`${address}: ${status} ${text}`)
    return schema.parse(JSON.parse(text))
  }
  return { ask, read, open, ...recording }
}
