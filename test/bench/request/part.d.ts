import type { Child } from '../child.js'
import type { Contestant, Framework } from './plan.js'

export interface Others {
  load: Child
  upstream: Child
  port: number
  stop(): Promise<unknown>
}
export function startOthers(): Promise<Others>
export function startLoad(): Promise<Child>
export function measure(
  contestant: Contestant & { handlers: readonly string[] },
  how: { framework: Framework; binary?: string; scale?: number },
  others: Others
): Promise<Record<string, number>>
export function passing(): Promise<Record<Framework, number>>
