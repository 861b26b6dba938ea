import type { Wish } from '../wire/inspect.ts'

/** What all workers of a family must know alike. Who keeps tells the others, when one joins and whenever it changes. */
export interface Common {
  /** What gave a proxy away that one of them has seen; '' while none has. */
  readonly proxy: string
  readonly wishes: readonly (Wish & { readonly forMs: number })[]
}

/** What a member has found out, for the keeper to tell all. */
export type Discovery =
  | { readonly type: 'proxy'; readonly sign: string }
  /** A request has come for a wish. */
  | { readonly type: 'granted'; readonly id: number }

/** What the keeper asks of a member when somebody wants to see it: until then it stays where it is. */
export type Question =
  /** Of which requests it has CPU profiles. */
  | { readonly about: 'profiles' }
  /** The text of one, from a character on. */
  | {
      readonly about: 'profile'
      readonly traceId: string
      readonly spanId: string
      readonly from: number
    }
  /** What it was doing while a trace went on. */
  | { readonly about: 'runtime'; readonly traceId: string }

/** What a worker knows, apart from traces. */
export interface Knowledge {
  readonly common: () => Common
  /** Takes the keeper's word. */
  readonly take: (common: Common) => void
  /** Takes a member's. */
  readonly hear: (discovery: Discovery) => void
  /** JSON. */
  readonly answer: (question: Question) => Promise<unknown>
}
