import type { ReadonlyAttributes } from '../base/span-data.ts'
import type { SummaryData } from '../trace/summary.ts'

/** Where in a list of keys those stand that the list of traces shows; -1 where there is none. */
export interface FigureSlots {
  readonly method: number
  readonly route: number
  readonly path: number
  readonly status: number
}

export function figureSlots(keys: readonly string[]): FigureSlots {
  return {
    method: keys.indexOf('http.request.method'),
    route: keys.indexOf('http.route'),
    path: keys.indexOf('url.path'),
    status: keys.indexOf('http.response.status_code')
  }
}

/** Whether a record's figures can be read from its root's attributes again, as nearly all can, and need not be written twice. */
export function followsFrom(
  figures: SummaryData,
  attributes: ReadonlyAttributes,
  slots: FigureSlots
): boolean {
  const status = slots.status < 0 ? 0 : attributes[slots.status * 2 + 1]
  return (
    figures.method === textAt(attributes, slots.method) &&
    figures.route === (textAt(attributes, slots.route) || textAt(attributes, slots.path)) &&
    Object.is(figures.httpStatus, typeof status === 'number' ? status : 0)
  )
}

/** Whether the name is method, space, route. */
export function namedByRoute(
  name: string,
  attributes: ReadonlyAttributes,
  slots: FigureSlots
): boolean {
  if (slots.method < 0 || slots.route < 0) return false
  const method = attributes[slots.method * 2 + 1]
  const route = attributes[slots.route * 2 + 1]
  return (
    typeof method === 'string' &&
    typeof route === 'string' &&
    route !== '' &&
    name.length === method.length + 1 + route.length &&
    name.charCodeAt(method.length) === 32 &&
    name.startsWith(method) &&
    name.endsWith(route)
  )
}

function textAt(attributes: ReadonlyAttributes, slot: number): string {
  const value = slot < 0 ? '' : attributes[slot * 2 + 1]
  return typeof value === 'string' ? value : ''
}
