import type { AttributeValue } from '../base/attributes.ts'

/** What to hide besides the built-in rules, and what of it to show. Redaction as such cannot be switched off. */
export interface RedactOptions {
  /** More names whose values are hidden; `*` stands for any characters. Case and `-_.@$ []` do not count. @default [] */
  keys?: readonly string[]
  /** Exact names to show though a rule hides them; passwords, cookies, `authorization` and card data stay hidden. @default [] */
  allowKeys?: readonly string[]
  headers?: {
    /** Headers to record with their values in mode 'token', where unknown ones show their length only. @default [] */
    record?: readonly string[]
  }
  /**
   * The last word on attributes, before they are stored: gets a copy, returns what to keep. One that throws, returns no object or takes
   * more than 5 ms on average hides all values; after ten failures within a minute it is no longer called.
   */
  hook?: RedactHook
}

export type RedactHook = (
  attributes: Record<string, AttributeValue>,
  kind: HookKind
) => Readonly<Record<string, unknown>>

/** What the attributes belong to. */
export type HookKind = 'span' | 'event' | 'link' | 'log'

/** Throws a TypeError that names the option. */
export function checkRedactOptions(options: RedactOptions): void {
  texts('redact.keys', options.keys)
  texts('redact.allowKeys', options.allowKeys)
  texts('redact.headers.record', options.headers?.record)
  if (options.hook !== undefined && typeof options.hook !== 'function') {
    throw new TypeError("spanlight: option 'redact.hook' must be a function")
  }
}

function texts(option: string, value: unknown): void {
  if (value === undefined) return
  if (Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '')) return
  throw new TypeError(`spanlight: option '${option}' must be a list of texts`)
}
