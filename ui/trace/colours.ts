import { categories } from '../../src/wire/trace.ts'
import type { Model } from './model.ts'

/** Number of the palette colour of a span: by its category, or by its service in alphabetical order, so that it stays the same between traces of the same services. */
export function colourOf(model: Model, row: number, by: 'kind' | 'service'): number {
  if (by === 'kind') return model.columns.spans.category[row] as number
  return serviceColour(model, model.columns.spans.service[row] as number)
}

/** Services past the eighth share the last colour; their name is written beside the span. */
export function serviceColour(model: Model, service: number): number {
  const { services } = model.columns
  const name = services[service] ?? ''
  let before = 0
  for (const other of services) if (other < name) before++
  return Math.min(before, categories.length - 1)
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
