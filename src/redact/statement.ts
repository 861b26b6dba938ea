import { clip, detach } from '../base/limits.ts'
import { cleanCommand } from './command.ts'
import { cleanDocument, isDocument } from './document.ts'
import type { KeyRules } from './keys.ts'
import { cleanSql } from './sql.ts'
import { type Dialect, withoutComments } from './sql-text.ts'
import { hideValues } from './values.ts'

/** Characters of a statement that are read for each that is kept: literals and comments take room and leave little. */
const readFactor = 16

export interface StatementSetup {
  readonly dialect: Dialect
  readonly parameterised: boolean
  readonly length: number
  readonly rules: KeyRules
}

/** A statement of SQL, or where the dialect is not known also of MongoDB and Redis, as it may be stored. */
export function cleanStatement(text: string, setup: StatementSetup): string {
  const most = setup.length * readFactor
  const read = text.length > most ? text.slice(0, most) : text
  const clean = clip(hideValues(withoutLiterals(read, setup)), setup.length)
  return clean === text ? text : detach(clean)
}

function withoutLiterals(text: string, setup: StatementSetup): string {
  const { dialect } = setup
  if (setup.parameterised) return settled(text, dialect)
  if (dialect !== 'other') return cleanSql(text, dialect, setup.length)
  // Once more of what is left: a comment can stand before a document or a command.
  return foreign(text, setup) ?? again(cleanSql(text, dialect, setup.length), setup)
}

function again(sql: string, setup: StatementSetup): string {
  return foreign(sql, setup) ?? sql
}

/** A document or a command without its values; undefined for SQL. */
function foreign(text: string, { length, rules }: StatementSetup): string | undefined {
  return isDocument(text) ? cleanDocument(text, length) : cleanCommand(text, rules)
}

// What stood around a comment can read as one when it is gone.
function settled(text: string, dialect: Dialect): string {
  let clean = text
  for (let round = 0; round < 4; round++) {
    const next = withoutComments(clean, dialect)
    if (next === clean) break
    clean = next
  }
  return clean
}
