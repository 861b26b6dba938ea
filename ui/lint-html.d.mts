/** Problems of all modules below a folder, as `file:line: text`. */
export function lint(folder: string): Promise<string[]>

export function lintSource(source: string): { line: number; text: string }[]
