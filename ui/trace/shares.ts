import { categories, spanFlag } from '../../src/wire/trace.ts'
import type { Model } from './model.ts'

/** What a service, or a kind of work, had in the trace. */
export interface Share {
  /** Index of the service or of the category. */
  readonly of: number
  /** Number of its palette colour. */
  readonly colour: number
  spans: number
  errors: number
  /** Microseconds that the response waited for it. */
  time: number
}

/** Who took part and how long the response waited for each; the longest first. In a trace without a path, time of its own counts. */
export function shares(model: Model, by: 'kind' | 'service'): Share[] {
  const { spans, critical } = model.columns
  const bucket = by === 'kind' ? spans.category : spans.service
  const found = new Map<number, Share>()
  for (let i = 0; i < model.count; i++) {
    const of = bucket[i] as number
    let share = found.get(of)
    if (share === undefined) {
      const colour =
        by === 'kind' ? Math.min(of, categories.length - 1) : (model.serviceColours[of] as number)
      found.set(of, (share = { of, colour, spans: 0, errors: 0, time: 0 }))
    }
    share.spans++
    if (((spans.flags[i] as number) & spanFlag.error) !== 0) share.errors++
    if (critical.row.length === 0) share.time += spans.self[i] as number
  }
  for (const [i, row] of critical.row.entries()) {
    const share = found.get(bucket[row] as number)
    if (share !== undefined) share.time += (critical.to[i] as number) - (critical.from[i] as number)
  }
  return [...found.values()].sort((a, b) => b.time - a.time || a.of - b.of)
}
