import type { ServiceMap } from '../../src/wire/status.ts'
import { formatCount, formatDuration, formatMany } from '../format.ts'
import { quoted } from '../list/query-text.ts'
import { listHref } from '../route.ts'

export type MapNode = ServiceMap['nodes'][number]
export type MapEdge = ServiceMap['edges'][number]

const minuteMs = 60_000

/** Calls as a rate, once there is a minute to speak of. */
export function rateText(calls: number, { from, to }: ServiceMap['drawn']): string {
  const minutes = (to - from) / minuteMs
  if (minutes < 1) return formatMany(calls, 'call')
  const rate = calls / minutes
  return `${rate < 10 ? rate.toFixed(1) : formatCount(Math.round(rate))}/min`
}

/** '' when nothing failed. */
export function failureText(failed: number, calls: number): string {
  if (failed === 0 || calls === 0) return ''
  const share = (failed / calls) * 100
  const shown = share < 0.1 ? '<0.1' : share < 10 ? share.toFixed(1) : Math.round(share)
  return `${shown} % failed`
}

export function latencyText({ p50, p95 }: { p50: number; p95: number }): string {
  return `p50 ${formatDuration(p50)}, p95 ${formatDuration(p95)}`
}

/** The traces that a node stands for. */
export function nodeHref({ kind, name }: MapNode): string {
  return listHref({ q: nodeQuery(kind, name) })
}

/** The traces in which one calls the other. */
export function edgeHref({ from, to }: MapEdge, target: MapNode | undefined): string {
  return listHref({ q: `svc=${quoted(from)} ${nodeQuery(target?.kind ?? 'service', to)}` })
}

function nodeQuery(kind: MapNode['kind'], name: string): string {
  switch (kind) {
    case 'service':
      return `svc=${quoted(name)}`
    case 'db':
      return `db:${quoted(name)}`
    default:
      // A port stands in an attribute of its own.
      return quoted(name.replace(/:\d+$/, ''))
  }
}
