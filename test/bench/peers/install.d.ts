export function missing(): string | undefined
