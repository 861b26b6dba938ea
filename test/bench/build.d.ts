export const root: string
export function ensureBuilt(say: (text: string) => void): void
