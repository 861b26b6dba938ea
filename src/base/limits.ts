/** Every bound of the package in one literal. security.md's table in docs/security.md; none can be set to infinity. */
export interface Limits {
  /** Spans kept of one trace; later ones are counted, not kept. Errors and the local root are always kept. @default 2000 */
  spansPerTrace: number
  /** Attributes of one span, event or link. @default 64 */
  attributes: number
  /** Characters of an attribute key. @default 128 */
  keyLength: number
  /** Characters of a string value. @default 1024 */
  valueLength: number
  /** Items of an array value. @default 64 */
  arrayLength: number
  /** Characters of a database statement. @default 4096 */
  statementLength: number
  /** Characters of a stack trace. @default 8192 */
  stackLength: number
  /** Characters of an error message, a status message or a log line. @default 2048 */
  messageLength: number
  /** Characters of a span name. @default 256 */
  nameLength: number
  /** Events of one span. @default 64 */
  events: number
  /** Links of one span. @default 32 */
  links: number
  /** Log lines of one span. @default 128 */
  logs: number
  /** Traces open at once; the longest open one is closed as abandoned beyond it. @default 10000 */
  openTraces: number
  /** How long a trace may stay open, in milliseconds, before it is closed as abandoned. @default 300000 */
  openMs: number
}

export const defaultLimits: Limits = {
  spansPerTrace: 2000,
  attributes: 64,
  keyLength: 128,
  valueLength: 1024,
  arrayLength: 64,
  statementLength: 4096,
  stackLength: 8192,
  messageLength: 2048,
  nameLength: 256,
  events: 64,
  links: 32,
  logs: 128,
  openTraces: 10_000,
  openMs: 300_000
}

/**
 * Cuts text to a length and frees it from what it was cut from: V8's slice of a long string keeps the whole of it alive (300 slices
 * of 1 KiB were seen to hold 316 MiB), so a cut string is copied through bytes.
 */
export function clip(text: string, length: number): string {
  if (text.length <= length) return text
  return Buffer.from(text.slice(0, length - 1) + '…', 'utf8').toString('utf8')
}

/** A copy of a short string that keeps no longer one alive; for slices and regular expression captures of the host's strings. */
export function detach(text: string): string {
  return text.length < 13 ? text : Buffer.from(text, 'utf8').toString('utf8')
}
