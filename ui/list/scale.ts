/**
 * Width of a duration's bar in per cent: six decades from 0.1 ms to 100 s, each as wide as the other. One fixed scale for
 * all rows and all times, so that a bar means the same after a minute as before.
 */
export function logShare(ms: number): number {
  if (!(ms > 0.1)) return 1
  return Math.min(100, Math.max(1, ((Math.log10(ms) + 1) / 6) * 100))
}

export interface Shape {
  /** Pixels per row. */
  row: number
  /** Rows in the list. */
  count: number
  /** Pixels of the scroller that show rows. */
  height: number
  scrollTop: number
}

/** Places rendered above and below what is visible, and the step in which the window moves: fewer renders per scroll. */
const chunk = 8

/** Places (0 is the top row) to render: from inclusive, to exclusive, both on chunk borders but for the ends. */
export function windowOf({ row, count, height, scrollTop }: Shape): { from: number; to: number } {
  const top = Math.max(0, Math.floor(scrollTop / row / chunk) * chunk - chunk)
  const bottom = Math.ceil((scrollTop + height) / row / chunk) * chunk + chunk
  const from = Math.min(top, Math.max(0, count - chunk))
  return { from, to: Math.min(count, Math.max(bottom, from)) }
}

/** The scroll position that brings a place wholly into view, `head` pixels of which are covered by the sticky heading. */
export function revealed(place: number, shape: Shape): number {
  const top = place * shape.row
  if (top < shape.scrollTop) return top
  const bottom = top + shape.row - shape.height
  return bottom > shape.scrollTop ? bottom : shape.scrollTop
}
