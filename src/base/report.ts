/**
 * The one place that prints, and the one that counts what was lost. Everything printed is made of one line of visible characters
 * (log injection: Rails CVE-2025-55193, RUSTSEC-2025-0055).
 */
export interface Report {
  /** One line to stderr, as `spanlight: ...`. */
  say(line: string): void
  /** The same, once per distinct line of this process. */
  once(line: string): void
  /** Counts a loss under its reason; shown in the page's status. */
  drop(reason: DropReason, count?: number): void
  /** What may be printed of an error's text, which can be the host's or quote what a stranger sent. */
  hide(text: string): string
  /** Losses so far, by reason. */
  readonly drops: ReadonlyMap<DropReason, number>
}

export type DropReason =
  | 'span limit of the trace'
  | 'trace abandoned'
  | 'late span without its trace'
  | 'record larger than a segment'
  | 'not sampled'
  | 'log without an open span'
  | 'ingest refused'
  | 'ingest duplicate'
  | 'ingest invalid'
  | 'segment in progress given up'
  | 'export queue full'
  | 'export failed'
  | 'export over a limit'
  | 'slow page'
  | 'worker too slow'
  | 'record larger than a message'
  | 'internal error'

export function createReport(
  write: (text: string) => void = writeStderr,
  hide: (text: string) => string = (text) => text
): Report {
  const drops = new Map<DropReason, number>()
  const said = new Set<string>()
  return {
    drops,
    hide,
    say: (line) => write(`spanlight: ${visible(line)}\n`),
    once(line) {
      if (said.has(line) || said.size > 200) return
      said.add(line)
      write(`spanlight: ${visible(line)}\n`)
    },
    drop(reason, count = 1) {
      drops.set(reason, (drops.get(reason) ?? 0) + count)
    }
  }
}

function writeStderr(text: string): void {
  process.stderr.write(text)
}

/** Control, bidirectional and line-separating characters as visible escapes. */
export function visible(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (c) => {
      return `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`
    }
  )
}
