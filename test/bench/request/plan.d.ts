export type Framework = 'express' | 'koa' | 'http'
export interface Contestant {
  name: string
  script: string
  args?: readonly string[]
  spans: Record<Framework, number>
  children?: boolean
  peers?(framework: Framework, handler: string): boolean
}
export interface Setting {
  name: string
  framework: Framework
  handlers: readonly string[]
  who: readonly string[]
  node?: string
}
export interface PossibleSetting extends Omit<Setting, 'who' | 'node'> {
  binary?: string
  who: readonly (Contestant & { handlers: readonly string[] })[]
}
export interface Skipped {
  what: string
  why: string
}
export const handlers: Record<string, { path: string; spans: number }>
export const contestants: readonly Contestant[]
export function settings(all?: boolean): Setting[]
export function possible(
  wanted: readonly Setting[],
  here: { peersMissing: string | undefined; nodeOf: (version: string) => string | undefined }
): { settings: PossibleSetting[]; skipped: Skipped[] }
