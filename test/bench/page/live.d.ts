import type { Figure } from '../figures.js'

export interface Smoothness {
  fps: number
  /** Milliseconds. */
  p99: number
  longest: number
  /** Per cent. */
  mainThread: number
}
export interface Watched {
  name: string
  speed: 1 | 4
  windows: readonly Smoothness[]
  elements: number
  sent: number
  /** Why there is nothing. */
  why?: string
}
export interface ListState {
  newest: number
  pending: number
}
export function liveFigures(watched: Watched): Figure[]
/** Refuses the figures of a list that stood still, or of a reader who was carried away. */
export function check(seen: {
  name: string
  perSecond: number
  share: number
  away: boolean
  windows: number
  before: ListState
  after: ListState
}): void
