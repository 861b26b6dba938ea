import type { AttributeValue } from '../base/attributes.ts'

/**
 * What never gets recorded: the rules of security.md section 4, applied before anything is stored, to recorded and ingested data alike.
 * Every method is total: foreign input of any kind gives a safe value, never an exception.
 */
export interface Redactor {
  /**
   * An attribute as it may be stored: hidden by its key, its value cleaned by the rule its key asks for (URL, statement, stack, text),
   * clipped and detached; undefined when the value is no attribute value (it is then dropped).
   */
  attribute(key: string, value: unknown): AttributeValue | undefined
  /** Free text (names, messages, log lines): value patterns hidden, clipped to `length` characters. */
  text(text: string, length: number): string
  /** A header's value as it may be stored, or undefined when the header must not be recorded at all. */
  header(name: string, value: string): string | undefined
  /** A URL's query string without `?`: secret pairs hidden; '' when anything about it is odd. */
  query(query: string): string
  /** A URL path: segments that match a value pattern become `:secret`. */
  path(path: string): string
  /** An absolute or relative URL: userinfo, path, query and fragment each by their rule. */
  url(url: string): string
  /** A database statement with its literals replaced by `?`; `parameterised` keeps it as it is but for length and comments. */
  statement(text: string, dialect: Dialect, parameterised: boolean): string
}

export type Dialect = 'postgresql' | 'mysql' | 'sqlite' | 'other'
