export interface Question {
  ask: 'bytes' | 'time' | 'steady'
  shape?: string
  count?: number
  fill?: number
  stream?: number
}
/** Asks a fresh process one question. */
export function once(script: string, question: Question): Promise<Record<string, number>>
