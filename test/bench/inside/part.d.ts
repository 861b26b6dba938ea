import type { Figure } from '../figures.js'

export interface Seen {
  us: number
  around: number
}
export const kinds: Readonly<Record<string, string>>
/** Asks a fresh process for one kind of thing. */
export function ask(variant: string, kind: string, requests: number): Promise<Seen>
export function figuresOf(seen: Record<string, Record<string, readonly Seen[]>>): Figure[]
