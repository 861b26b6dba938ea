import type { RuntimeActivity, Stretch } from '../../src/wire/runtime.ts'
import type { Window } from './scale.ts'

/** What a lane draws into: stretched over its width, so that only the time axis sets the scale. */
export const laneWidth = 1000
export const laneHeight = 22

type Samples = RuntimeActivity['samples']
type Column = Exclude<keyof Samples, 'to'>

/** The samples that have a part in the window, as [from, to, value]. */
function inWindow(
  { samples, since }: RuntimeActivity,
  column: Column,
  window: Window
): [from: number, to: number, value: number][] {
  const found: [number, number, number][] = []
  let from = since
  for (const [i, to] of samples.to.entries()) {
    if (to > window.from && from < window.to)
      found.push([
        Math.max(from, window.from),
        Math.min(to, window.to),
        samples[column][i] as number
      ])
    from = to
  }
  return found
}

/** The least and the most of a column in the window; undefined when it holds no sample. */
export function range(
  activity: RuntimeActivity,
  column: Column,
  window: Window
): { least: number; most: number } | undefined {
  const found = inWindow(activity, column, window)
  if (found.length === 0) return undefined
  let least = Number.POSITIVE_INFINITY
  let most = Number.NEGATIVE_INFINITY
  for (const [, , value] of found) {
    least = Math.min(least, value)
    most = Math.max(most, value)
  }
  return { least, most }
}

/** A column as steps, from `bottom` at the lower edge to `top` at the upper one; `closed` down to the lower edge, to be filled. */
export function steps(
  activity: RuntimeActivity,
  column: Column,
  window: Window,
  { bottom, top, closed }: { bottom: number; top: number; closed: boolean }
): string {
  const x = (time: number) =>
    (((time - window.from) / (window.to - window.from)) * laneWidth).toFixed(1)
  const y = (value: number) => {
    const share = Math.min(1, Math.max(0, (value - bottom) / (top - bottom)))
    return (laneHeight - 1 - share * (laneHeight - 3)).toFixed(1)
  }
  const found = inWindow(activity, column, window)
  const first = found[0]
  const last = found.at(-1)
  if (first === undefined || last === undefined) return ''
  const line = found.map(([, to, value]) => `V${y(value)}H${x(to)}`).join('')
  return closed
    ? `M${x(first[0])},${laneHeight}${line}V${laneHeight}Z`
    : `M${x(first[0])},${y(first[2])}${line}`
}

/** The parts of the stretches that lie in the window, together. */
export function timeIn(
  stretches: readonly Stretch[],
  window: Window
): { count: number; time: number } {
  let count = 0
  let time = 0
  for (const { from, to } of stretches) {
    const part = Math.min(to, window.to) - Math.max(from, window.from)
    if (part <= 0) continue
    count++
    time += part
  }
  return { count, time }
}
