/** The stretch of time that the timeline shows, in microseconds after the trace's start. */
export interface Window {
  readonly from: number
  readonly to: number
}

const shortestUs = 1

/** The window with its ends inside the trace and at least a microsecond long. */
export function clampWindow(window: Window, whole: Window): Window {
  const length = Math.min(Math.max(window.to - window.from, shortestUs), whole.to - whole.from)
  const from = Math.min(Math.max(window.from, whole.from), whole.to - length)
  return { from, to: from + length }
}

/** Zooms by a factor (below 1 shows less) around a moment, which stays where it is on the screen. */
export function zoomAt(window: Window, whole: Window, factor: number, at: number): Window {
  const share = (at - window.from) / (window.to - window.from)
  const length = Math.max((window.to - window.from) * factor, shortestUs)
  return clampWindow({ from: at - share * length, to: at + (1 - share) * length }, whole)
}

/** Moves the window by a share of its length. */
export function pan(window: Window, whole: Window, share: number): Window {
  const by = (window.to - window.from) * share
  return clampWindow({ from: window.from + by, to: window.to + by }, whole)
}

/** Moments for about `count` ticks at round figures (1, 2, 5 times a power of ten). */
export function ticks(window: Window, count: number): number[] {
  const length = window.to - window.from
  if (!(length > 0) || count < 1) return []
  const rough = length / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 5].find((n) => n * power >= rough) ?? 10) * power
  const all: number[] = []
  for (let n = Math.ceil(window.from / step); n * step < window.to; n++) all.push(n * step)
  return all
}

/** Position and width of a bar in per cent of the window, cut at its ends; undefined when it lies outside. */
export function place(
  window: Window,
  start: number,
  duration: number
): { x: number; w: number } | undefined {
  const length = window.to - window.from
  const from = Math.max(start, window.from)
  const to = Math.min(start + duration, window.to)
  if (to < from) return undefined
  return { x: ((from - window.from) / length) * 100, w: ((to - from) / length) * 100 }
}
