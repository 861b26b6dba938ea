import { spanFlag, type TraceColumns } from '../../src/wire/trace.ts'

/** All spans of one operation together. Times are microseconds. */
export interface Operation {
  readonly key: string
  readonly name: string
  readonly service: string
  readonly category: number
  count: number
  self: number
  total: number
  max: number
  errors: number
  /** Rows, in display order. */
  readonly rows: number[]
}

export type OperationOrder = 'name' | 'count' | 'self' | 'total' | 'max' | 'errors'

/** What the trace spent its time on: spans gathered by service, category and name, the most time of its own first. */
export function operations(columns: TraceColumns): Operation[] {
  const { service, name, category, duration, self, flags } = columns.spans
  const found = new Map<string, Operation>()
  for (let i = 0; i < name.length; i++) {
    const key = `${service[i]} ${category[i]} ${name[i]}`
    let operation = found.get(key)
    if (operation === undefined) {
      operation = {
        key,
        name: columns.names[name[i] as number] ?? '',
        service: columns.services[service[i] as number] ?? '',
        category: category[i] as number,
        count: 0,
        self: 0,
        total: 0,
        max: 0,
        errors: 0,
        rows: []
      }
      found.set(key, operation)
    }
    operation.count++
    operation.self += self[i] as number
    operation.total += duration[i] as number
    operation.max = Math.max(operation.max, duration[i] as number)
    if (((flags[i] as number) & spanFlag.error) !== 0) operation.errors++
    operation.rows.push(i)
  }
  return sortOperations([...found.values()], 'self', true)
}

export function sortOperations(
  list: readonly Operation[],
  by: OperationOrder,
  descending: boolean
): Operation[] {
  const sign = descending ? -1 : 1
  return list.toSorted((a, b) => {
    const order = by === 'name' ? a.name.localeCompare(b.name) : a[by] - b[by]
    return order * sign || a.name.localeCompare(b.name)
  })
}
