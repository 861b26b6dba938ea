export interface NpmFolder {
  readonly require: NodeJS.Require
  missing(): string | undefined
  install(say: (line: string) => void, why: string): string | undefined
  versions(): Record<string, string | undefined>
}

export function npmFolder(folder: string): NpmFolder
