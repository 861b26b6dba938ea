import { categories, type TraceColumns } from '../../src/wire/trace.ts'
import type { Model } from './model.ts'

/** Number of the palette colour of a span: by its category, or by its service. */
export function colourOf(model: Model, row: number, by: 'kind' | 'service'): number {
  if (by === 'kind') return model.columns.spans.category[row] as number
  return model.serviceColours[model.columns.spans.service[row] as number] as number
}

/**
 * Palette colours of the services, in alphabetical order, so that they stay the same between traces of the same services. Of more than there
 * are colours, those get one that the response waited for longest; the others share the last, and their name is written beside the span.
 */
export function serviceColours({ services, spans, critical }: TraceColumns): number[] {
  const last = categories.length - 1
  const time = services.map(() => 0)
  const add = (row: number, by: number): void => {
    const service = spans.service[row] as number
    time[service] = (time[service] as number) + by
  }
  for (const [i, row] of critical.row.entries())
    add(row, (critical.to[i] as number) - (critical.from[i] as number))
  if (critical.row.length === 0) for (const [row, self] of spans.self.entries()) add(row, self)
  const all = services.map((name, service) => ({ name, service, time: time[service] as number }))
  const coloured =
    all.length <= categories.length ? all : all.sort((a, b) => b.time - a.time).slice(0, last)
  const colours = services.map(() => last)
  coloured.sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const [colour, { service }] of coloured.entries()) colours[service] = colour
  return colours
}

const words = [
  'incoming HTTP',
  'database',
  'outgoing HTTP',
  'cache',
  'queue',
  'RPC',
  'input and output',
  'internal'
] as const

/** What a category is called. */
export function categoryName(category: number): string {
  return words[category] ?? 'internal'
}
