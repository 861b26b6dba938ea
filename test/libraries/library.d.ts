export const library: NodeJS.Require
export const otel3Library: NodeJS.Require
export function versions(): Record<string, string | undefined>
export function install(say: (line: string) => void): string | undefined
