import type { Child } from '../child.js'
import type { Figure } from '../figures.js'

export interface Contestant {
  name: string
  server: string
  encoding: string
  needsPeers?: boolean
}
export interface Size {
  warmUp: number
  spans: number
}
export interface Seen {
  us: number
  longest: number
  taken: number
}
export const contestants: readonly Contestant[]
export function startSender(size: Size): Promise<Child>
export function measure(contestant: Contestant, sender: Child, size: Size): Promise<Seen>
export function figuresOf(seen: Record<string, readonly Seen[]>): { figures: Figure[] }
