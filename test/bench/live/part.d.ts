import type { Child } from '../child.js'
import type { Figure } from '../figures.js'

export interface Contestant {
  name: string
  pages: { now?: number; stalled?: number; behind?: number }
  before?: readonly { count: number; length?: number }[]
}
export interface Seen {
  p99: number
  longest: number
  cpu: number
  memory: number
  frame: number
  bytes: number
}
export const contestants: readonly Contestant[]
export function startPages(): Promise<Child>
export function measure(
  contestant: Contestant,
  pages: Child,
  size: { perSecond: number; warmUpMs: number; ms: number }
): Promise<Seen>
export function figuresOf(seen: Record<string, readonly Seen[]>): { figures: Figure[] }
