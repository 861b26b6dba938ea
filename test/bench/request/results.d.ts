import type { Figure } from '../figures.js'

/** By case, then by contestant: microseconds of each round. */
export type Samples = Record<string, Record<string, number[]>>
export const alone: string
export function caseOf(setting: { name: string }, handler: string): string
export function figuresOf(samples: Samples): Figure[]
export function textOf(samples: Samples, figures: readonly Figure[]): string
