import type { AttributeValue } from '../base/attributes.ts'
import { clip, detach, type Limits } from '../base/limits.ts'
import type { Report } from '../base/report.ts'
import type { TraceRecord } from '../base/span-data.ts'
import { attributeRules } from './attribute-rules.ts'
import { describeCommand } from './command.ts'
import { cleanBody } from './body.ts'
import { createHeaderRules } from './headers.ts'
import { createHook } from './hook.ts'
import { createKeyRules, isHardCore } from './keys.ts'
import { KnownTexts } from './known.ts'
import { checkRedactOptions, type RedactOptions } from './options.ts'
import type { Dialect } from './sql-text.ts'
import { cleanStatement } from './statement.ts'
import { createUrlRules } from './url.ts'
import { hideText, redacted } from './values.ts'

export type { Dialect } from './sql-text.ts'

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
  /** A body of JSON or of a form; undefined for any other type, and when it cannot be read. */
  body(text: string, contentType: string): string | undefined
  /** A database statement with its literals replaced by `?`; `parameterised` keeps it as it is but for length and comments. */
  statement(text: string, dialect: Dialect, parameterised: boolean): string
  /** A Redis command: its name, the key of one that is known to have one there, and the number of its other arguments. */
  command(name: string, args: readonly unknown[]): string
}

/** A redactor with the last step of all. */
export interface RecordRedactor extends Redactor {
  /**
   * A record after the user's hook, the record itself when there is none: to be called once per record, right before it is stored, and
   * on each snapshot of an open trace that is shown.
   */
  record(record: TraceRecord): TraceRecord
}

export interface RedactorSetup {
  /** Access mode: with 'token' people beyond this machine look at the page, and less of a header is shown. */
  readonly mode: 'local' | 'token'
  readonly limits: Limits
  readonly options: RedactOptions
  readonly report: Report
}

/** Longer URLs lose what follows their path. */
const maxUrl = 8192

/** Throws a TypeError that names a wrong option; nothing else ever throws. */
export function createRedactor(setup: RedactorSetup): RecordRedactor {
  const { limits, options, report } = setup
  checkRedactOptions(options)
  for (const key of options.allowKeys ?? [])
    if (isHardCore(key)) report.once(`redact.allowKeys: '${key}' stays hidden`)

  const rules = createKeyRules(options.keys ?? [], options.allowKeys ?? [])
  const urls = createUrlRules(rules)
  const plain = new KnownTexts()
  const text = (value: string, length: number): string => {
    if (typeof value !== 'string') return ''
    if (value.length <= length && plain.has(value)) return value
    const shown = hideText(value, length, rules)
    if (shown === value) plain.add(value)
    return shown
  }
  const url = (value: string): string => {
    if (typeof value !== 'string') return ''
    return copied(value, urls.url(value.length > maxUrl ? front(value) : value), limits.valueLength)
  }
  const path = (value: string): string =>
    typeof value === 'string'
      ? copied(value, urls.path(value.slice(0, maxUrl)), limits.valueLength)
      : ''
  const query = (value: string): string =>
    typeof value === 'string' ? copied(value, urls.query(value), limits.valueLength) : ''
  const clean = new Map<string, KnownTexts>()
  const statement = (value: string, dialect: Dialect, parameterised: boolean): string => {
    if (typeof value !== 'string') return ''
    const reading = parameterised ? `${dialect}, parameterised` : dialect
    let known = clean.get(reading)
    if (known === undefined) clean.set(reading, (known = new KnownTexts()))
    if (known.has(value)) return value
    const length = limits.statementLength
    const shown = cleanStatement(value, { dialect, parameterised, length, rules })
    if (shown === value) known.add(value)
    return shown
  }
  const headerRules = createHeaderRules({
    mode: setup.mode,
    rules,
    record: options.headers?.record ?? [],
    url,
    text: (value) => text(value, limits.valueLength)
  })
  const { attribute, header } = attributeRules({
    limits,
    rules,
    text,
    url,
    path,
    query,
    statement,
    headerRules
  })
  const hook = options.hook === undefined ? undefined : createHook(options.hook, report, attribute)
  // The host calls in here by every attribute it sets: an error of ours must not reach it, and what could not be read is not shown.
  function safe<A extends unknown[], R>(fn: (...args: A) => R, hidden: R): (...args: A) => R {
    return (...args) => {
      try {
        return fn(...args)
      } catch {
        report.drop('internal error')
        return hidden
      }
    }
  }
  return {
    attribute: safe(attribute, undefined),
    text: safe(text, redacted),
    header: safe(header, undefined),
    query: safe(query, ''),
    path: safe(path, redacted),
    url: safe(url, redacted),
    body: safe((body, type) => cleanBody(body, type, { rules, text, query }), undefined),
    statement: safe(statement, redacted),
    command: safe((name, args) => describeCommand(name, args, rules), redacted),
    record: hook ?? ((record) => record)
  }
}

function copied(before: string, after: string, length: number): string {
  return after === before && after.length <= length ? after : detach(clip(after, length))
}

function front(url: string): string {
  return url.slice(0, maxUrl).split(/[?#]/, 1)[0] as string
}
