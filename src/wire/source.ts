/**
 * Where in the code a span comes from and failed, with lines of the files: `GET api/traces/:traceId/spans/:spanId/source`, on this machine in
 * local mode only.
 */
export interface SpanSource {
  /** The line that the span was started from; null where it is not known. */
  site: SourceFrame | null
  /** Of each exception, in the order of the span's events, the frames of its stack. */
  stacks: SourceFrame[][]
}

export interface SourceFrame {
  /** Number of the line in the stack's text; 0 for the call site. */
  at: number
  /** '' where it has no name. */
  function: string
  /** As it was written (source maps applied), relative to the project's folder; as it stands in the stack where that is no file. */
  file: string
  line: number
  column: number
  /** Of the program itself: not of a dependency, not of Node. */
  own: boolean
  /** The absolute path, for an editor; '' outside of the project. */
  path: string
  /** Some lines around it, of the first frames of the program's own. */
  excerpt: Excerpt | null
}

export interface Excerpt {
  /** Number of the first of the lines. */
  first: number
  lines: string[]
  /** The file was changed after the process was started: what ran may have been something else. */
  changed: boolean
}
