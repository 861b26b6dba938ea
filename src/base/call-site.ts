/** A place in the host's code that something was called from. */
export interface CallSite {
  /** Relative to the project's folder. */
  readonly path: string
  readonly line: number
  readonly column: number
  /** '' where it has no name. */
  readonly function: string
}
