import type { Child } from '../child.js'
import type { Figure } from '../figures.js'

export interface Contestant {
  name: string
  script: string
  spans: number
}
export interface Size {
  warmUp: number
  requests: number
}
export const contestants: readonly Contestant[]
export function startLoad(): Promise<Child>
export function measure(
  contestant: Contestant,
  load: Child,
  size: Size
): Promise<{ us: number; recorded: number }>
export function figuresOf(us: Record<string, number[]>): {
  figures: Figure[]
}
