import { detach, type Limits } from '../../base/limits.ts'
import type { Dialect, Redactor } from '../../redact/redactor.ts'
import { type SqlSummary, summariseSql } from './sql-summary.ts'

/** What is told of a statement. */
export interface ReadStatement extends SqlSummary {
  /** The text as it may be stored. */
  readonly text: string
}

// Text behind this adds nothing to what is kept (4 KiB); a megabyte of inserted rows must not be read for it.
const readFactor = 4
const maxKnown = 500
const maxKnownLength = 2048

/**
 * Reads statements. An application has a few that it runs again and again, and to read one takes 4 us where to find it takes 0.1. Only those are
 * known again that have nothing to hide: what comes with its values in the text mostly comes once, and must not stay here either.
 */
export class Statements {
  readonly #redactor: Redactor
  readonly #limit: number
  readonly #known = new Map<string, Map<string, ReadStatement>>()

  constructor(setup: { readonly redactor: Redactor; readonly limits: Limits }) {
    this.#redactor = setup.redactor
    this.#limit = setup.limits.statementLength
  }

  read(statement: string, dialect: Dialect, parameterised: boolean): ReadStatement {
    const reading = parameterised ? `${dialect}, parameterised` : dialect
    let known = this.#known.get(reading)
    if (known === undefined) this.#known.set(reading, (known = new Map()))
    const found = known.get(statement)
    if (found !== undefined) return found
    const text = this.#redactor.statement(
      statement.slice(0, this.#limit * readFactor),
      dialect,
      parameterised
    )
    const read = { ...summariseSql(statement.slice(0, this.#limit), dialect), text }
    if (text === statement && text.length <= maxKnownLength) {
      if (known.size >= maxKnown) known.clear()
      known.set(detach(text), read)
    }
    return read
  }
}
