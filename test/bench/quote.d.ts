import type { Figure } from './figures.js'

export interface Part {
  machine: Record<string, unknown>
  busy?: { before: number; after: number }
  quick?: true
  failed?: string
  versions?: Record<string, string>
  figures: readonly Figure[]
}
export interface Results {
  parts: Record<string, Part>
}
export const documents: readonly string[]
export function readResults(file?: string): Results
export function quoted(text: string, results: Results): string
export function withoutQuotes(text: string): string
