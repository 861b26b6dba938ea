/** Header of an export that had no room for all that was asked for, or no longer had it: how many traces are not in the file. */
export const leftHeader = 'x-spanlight-left-out'

/** `POST api/import`. */
export interface ImportResult {
  traces: number
  spans: number
  /** Of the spans, those that were in memory already; they are not kept a second time. */
  known: number
  /** What could not be read, in the order of the file, the first hundred of it; all else is in memory. */
  problems: ImportProblem[]
  /** Problems beyond those. */
  moreProblems: number
  /** Ids of the traces in the order of the file, a hundred at most. */
  ids: string[]
}

export interface ImportProblem {
  /** Of the file, from 1. */
  line: number
  /** Byte of the line, from 1. */
  column: number
  /** In words; quotes nothing of the file. */
  why: string
}

/** Bytes of a file as it is sent. */
export const maxImportBytes: number = 32 * 1024 * 1024
