import type uPlot from 'uplot'
import type { Summary } from '../../src/wire/summary.ts'
import { formatDuration } from '../format.ts'
import { isFailed, type Row } from './rows.ts'

export interface Point {
  /** Epoch milliseconds. */
  at: number
  ms: number
  failed: boolean
  row: Summary
}

/** What the chart draws: points of one stretch of time, and those still rising at its right edge. */
export interface Plotted {
  points: Point[]
  rising: { ms: number; row: Summary }[]
  /** Epoch milliseconds of the left and the right edge. */
  from: number
  to: number
  /** 95 of 100 points are at or below; 0 when there are too few to say. */
  p95: number
  /** Milliseconds at the bottom and the top: whole decades. */
  range: [number, number]
}

/** Stretches of time that the chart can show, in milliseconds. */
const stretches = [1, 5, 15, 60, 360, 1440].map((minutes) => minutes * 60_000)
const least = 0.1
/** What runs longer does not stretch the chart while it is in flight. */
const highest = 10_000

/**
 * Chooses the shortest stretch that ends now and has something to show. A page that is opened after lunch must not be
 * empty because the last request was an hour ago.
 */
export function plotted(
  rows: readonly Row[],
  inFlight: readonly Summary[],
  saidAt: number,
  now: number
): Plotted {
  const newest = rows.at(-1)?.summary.start ?? now
  const enough = rows.at(-Math.min(rows.length, 5))?.summary.start ?? now
  // A process on another machine may have another clock: its newest trace is never right of the edge.
  const to = Math.max(now, newest)
  const stretch = stretches.find((ms) => to - ms <= enough) ?? 1440 * 60_000
  const from = to - stretch
  const points: Point[] = []
  // Rows stand in the order of their ends; one that ran long began before its neighbours.
  for (let i = rows.length - 1; i >= 0; i--) {
    const row = rows[i]?.summary
    if (!row || row.start + row.duration < from) break
    if (row.start >= from) {
      points.push({ at: row.start, ms: Math.max(row.duration, least), failed: isFailed(row), row })
    }
  }
  const passed = saidAt > 0 ? Math.max(0, now - saidAt) : 0
  const rising = inFlight.map((row) => ({ ms: Math.max(least, row.duration + passed), row }))
  // One hung request must not press all others flat: it stands at the upper edge, and in the strip with its age.
  const all = [...points.map(({ ms }) => ms), ...rising.map(({ ms }) => Math.min(ms, highest))]
  return { points, rising, from, to, p95: quantile(points, 0.95), range: rangeOf(all) }
}

function quantile(points: readonly Point[], share: number): number {
  if (points.length < 20) return 0
  // Sorted as numbers, without a comparison of ours: 10,000 points twice a second.
  const sorted = Float64Array.from(points, (point) => point.ms).sort()
  return sorted[Math.ceil(sorted.length * share) - 1] ?? 0
}

/** From 1 ms to 1 s at least, so that the picture does not jump with every fast or slow request. */
function rangeOf(all: readonly number[]): [number, number] {
  let [low, high] = [1, 1000]
  for (const ms of all) {
    if (ms < low) low = ms
    if (ms > high) high = ms
  }
  return [10 ** Math.floor(Math.log10(low)), 10 ** Math.ceil(Math.log10(high))]
}

/** Above this many points single ones say nothing any more: they are drawn fainter, so that density shows. */
const crowd = 1_500

export function drawAll(u: uPlot, data: Plotted, token: (name: string) => string): void {
  const { ctx } = u
  const scale = devicePixelRatio || 1
  const x = (at: number): number => Math.round(u.valToPos(at / 1000, 'x', true))
  const y = (ms: number): number => Math.round(u.valToPos(ms, 'y', true))
  const { left, top, width, height } = u.bbox
  ctx.save()
  ctx.beginPath()
  ctx.rect(left, top - 6 * scale, width + 10 * scale, height + 6 * scale)
  ctx.clip()
  const size = 3 * scale
  ctx.fillStyle = token('--accent')
  ctx.globalAlpha = data.points.length > crowd ? 0.35 : 0.7
  for (const point of data.points) {
    if (!point.failed) ctx.fillRect(x(point.at) - size / 2, y(point.ms) - size / 2, size, size)
  }
  // Errors last, on top, and as triangles: their shape tells them without colour.
  ctx.globalAlpha = 1
  ctx.fillStyle = token('--err-mark')
  for (const point of data.points)
    if (point.failed) triangle(ctx, x(point.at), y(point.ms), 4.5 * scale)
  if (data.p95 > 0) drawQuantile(u, data.p95, y(data.p95), token, scale)
  drawRising(u, data, token, scale)
  ctx.restore()
}

function drawQuantile(
  { ctx, bbox }: uPlot,
  ms: number,
  y: number,
  token: (name: string) => string,
  scale: number
): void {
  ctx.strokeStyle = token('--muted')
  ctx.globalAlpha = 0.8
  ctx.lineWidth = scale
  ctx.setLineDash([4 * scale, 4 * scale])
  ctx.beginPath()
  ctx.moveTo(bbox.left, y + 0.5)
  ctx.lineTo(bbox.left + bbox.width, y + 0.5)
  ctx.stroke()
  ctx.setLineDash([])
  ctx.globalAlpha = 1
  ctx.font = `${10 * scale}px ${token('--sans')}`
  ctx.textAlign = 'right'
  ctx.textBaseline = 'middle'
  const text = `p95 ${formatDuration(ms)}`
  const [right, wide] = [bbox.left + bbox.width - 10 * scale, ctx.measureText(text).width]
  // Points behind the figures would make them unreadable.
  ctx.fillStyle = token('--bg')
  ctx.fillRect(right - wide - 3 * scale, y - 6 * scale, wide + 6 * scale, 12 * scale)
  ctx.fillStyle = token('--muted')
  ctx.fillText(text, right, y)
}

/** A request in flight has no end yet: a hollow mark at the right edge that climbs as it grows older. */
function drawRising(u: uPlot, data: Plotted, token: (name: string) => string, scale: number): void {
  const { ctx } = u
  const right = u.bbox.left + u.bbox.width
  ctx.lineWidth = 1.5 * scale
  for (const { ms } of data.rising) {
    ctx.strokeStyle = token(ms >= 10_000 ? '--warn' : '--accent')
    ctx.beginPath()
    ctx.arc(right, Math.max(u.bbox.top, u.valToPos(ms, 'y', true)), 3.5 * scale, 0, 2 * Math.PI)
    ctx.stroke()
  }
}

function triangle(ctx: CanvasRenderingContext2D, x: number, y: number, size: number): void {
  ctx.beginPath()
  ctx.moveTo(x, y - size)
  ctx.lineTo(x + size, y + size * 0.8)
  ctx.lineTo(x - size, y + size * 0.8)
  ctx.closePath()
  ctx.fill()
}
