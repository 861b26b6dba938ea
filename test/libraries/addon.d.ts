export function mustBuild(node?: string): boolean
export function provideAddon(say: (line: string) => void, node?: string): string | undefined
export function addonProblem(): string | undefined
