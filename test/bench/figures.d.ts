import type { Spread } from './statistics.js'

export interface Target {
  atMost?: number
  atLeast?: number
}
export interface Figure {
  name: string
  unit: string
  value: number
  low?: number
  high?: number
  target?: Target
  met?: boolean
  note: string
}
export function figure(
  name: string,
  unit: string,
  amount: number | Spread,
  target?: Target,
  note?: string
): Figure
export function meets(value: number, target: Target): boolean
export function number(value: number): string
export function table(figures: readonly Figure[]): string
