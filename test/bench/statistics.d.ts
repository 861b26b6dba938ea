export interface Spread {
  value: number
  low: number
  high: number
}
export function median(values: readonly number[]): number
export function percentile(values: readonly number[], p: number): number
export function spreadOf(values: readonly number[]): Spread
export function differences(values: readonly number[], from: readonly number[]): number[]
export function ratios(values: readonly number[], to: readonly number[]): number[]
export function ratioOf(values: readonly number[], to: readonly number[]): Spread
export function seeded(seed: number): () => number
