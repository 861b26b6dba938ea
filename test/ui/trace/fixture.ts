import type { Summary } from '../../../src/wire/summary.ts'
import type { TraceColumns } from '../../../src/wire/trace.ts'

/** One span of a hand-made trace, in display order; times in microseconds. */
export interface Row {
  name?: string
  depth: number
  start: number
  duration: number
  category?: number
  flags?: number
  service?: string
  /** Where in the code. */
  site?: string
}

/** Columns from rows, parents and self time derived; no critical path unless given. */
export function columnsOf(
  rows: Row[],
  critical: [row: number, from: number, to: number][] = []
): TraceColumns {
  const services = [...new Set(rows.map((row) => row.service ?? 'api'))]
  const names = [...new Set(rows.map((row) => row.name ?? 'span'))]
  const lines = [...new Set(rows.flatMap((row) => row.site ?? []))]
  const parent = rows.map((row, i) => {
    for (let j = i - 1; j >= 0; j--) if (rows[j].depth < row.depth) return j
    return -1
  })
  const self = rows.map((row, i) => {
    const covered = rows
      .filter((_, j) => parent[j] === i)
      .reduce((sum, child) => sum + child.duration, 0)
    return Math.max(0, row.duration - covered)
  })
  const extent = Math.max(...rows.map((row) => row.start + row.duration))
  return {
    summary: summaryOf(rows),
    start: 1_700_000_000_000,
    extent,
    response: rows[0].start + rows[0].duration,
    services,
    names,
    spans: {
      id: rows.map((_, i) => i.toString(16).padStart(16, '0')),
      service: rows.map((row) => services.indexOf(row.service ?? 'api')),
      name: rows.map((row) => names.indexOf(row.name ?? 'span')),
      start: rows.map((row) => row.start),
      duration: rows.map((row) => row.duration),
      self,
      depth: rows.map((row) => row.depth),
      parent,
      kind: rows.map(() => 0),
      category: rows.map((row) => row.category ?? 7),
      flags: rows.map((row) => row.flags ?? 0)
    },
    sites: {
      lines,
      of: lines.length === 0 ? [] : rows.map((row) => lines.indexOf(row.site ?? ''))
    },
    critical: {
      row: critical.map(([row]) => row),
      from: critical.map(([, from]) => from),
      to: critical.map(([, , to]) => to)
    },
    dropped: 0,
    joined: false,
    clocks: [],
    clockOf: []
  }
}

function summaryOf(rows: Row[]): Summary {
  return {
    traceId: 'a'.repeat(32),
    seq: 1,
    name: rows[0].name ?? 'span',
    service: 'api',
    services: ['api'],
    start: 1_700_000_000_000,
    duration: rows[0].duration / 1000,
    status: 'unset',
    httpStatus: 200,
    method: 'GET',
    route: '/',
    spans: rows.length,
    errors: 0,
    db: 0,
    inFlight: false,
    incomplete: false,
    kept: '',
    noise: ''
  }
}
