interface Budget {
  paint: number
  interactive: number
  open: Record<number, number>
  scroll: { fps: number; frame: number }
  live: Record<string, { fps: number; p99: number; mainThread: number }>
}
export const budgets: Record<1 | 4, Budget>
/** How a figure at that speed is called. */
export function atSpeed(name: string, speed: number): string
