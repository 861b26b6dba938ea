import { detach } from '../../base/limits.ts'
import type { Dialect } from '../../redact/redactor.ts'
import { isWordCode, literal, quote, sqlTokens } from './sql-tokens.ts'

/** What a statement does to what, without any of its values. */
export interface SqlSummary {
  /** `SELECT orders customers`, `INSERT totals SELECT orders`; '' when the text is not understood. */
  readonly summary: string
  /** The main statement's verb, upper case. */
  readonly operation: string
  /** The one table the statement is about; '' when there are several or none. */
  readonly target: string
}

const maxSummary = 255
const maxName = 128

/** Statements whose verb is all there is to say. Any other first word is not SQL as we know it, and is not repeated: it could be anything. */
const plainVerbs: ReadonlySet<string> = new Set(
  (
    'ABORT ANALYZE ATTACH BEGIN CALL CHECKPOINT CLOSE CLUSTER COMMENT COMMIT DEALLOCATE DECLARE DESCRIBE DETACH DISCARD DO END EXEC EXECUTE ' +
    'FETCH GRANT HANDLER KILL LISTEN LOAD LOCK MOVE NOTIFY OPTIMIZE PRAGMA PREPARE REFRESH REINDEX RELEASE RENAME RESET REVOKE ROLLBACK ' +
    'SAVEPOINT SET SHOW START UNLISTEN UNLOCK USE VACUUM VALUES'
  ).split(' ')
)

/** Words between a verb and its table. */
const fillers: ReadonlySet<string> = new Set(
  (
    'INTO FROM ONLY LATERAL TABLE IF NOT EXISTS OR REPLACE ROLLBACK ABORT FAIL IGNORE OVERWRITE LOW_PRIORITY HIGH_PRIORITY DELAYED QUICK ' +
    'TEMP TEMPORARY UNLOGGED GLOBAL LOCAL UNIQUE MATERIALIZED CONCURRENTLY EXTERNAL VIRTUAL FOREIGN RECURSIVE'
  ).split(' ')
)

/** What ends a target where no name came. */
const reserved: ReadonlySet<string> = new Set(
  'SELECT VALUES SET WHERE ON USING DEFAULT AS WITH GROUP ORDER LIMIT UNION JOIN RETURNING'.split(
    ' '
  )
)

const objectKinds: ReadonlySet<string> = new Set(
  'TABLE VIEW INDEX SEQUENCE SCHEMA DATABASE TYPE FUNCTION PROCEDURE TRIGGER EXTENSION POLICY ROLE USER DOMAIN'.split(
    ' '
  )
)

/** What ends the list of tables: the commas after these part something else. */
const listEnds: ReadonlySet<string> = new Set(
  'WHERE SET ORDER GROUP HAVING LIMIT OFFSET FETCH WINDOW UNION INTERSECT EXCEPT RETURNING VALUES FOR'.split(
    ' '
  )
)

/** Reads the verbs and tables of a statement (semantic conventions, "Generating query summary"). Total: any text gives some answer. */
export function summariseSql(text: string, dialect: Dialect): SqlSummary {
  return new Reader(sqlTokens(text, dialect)).read()
}

/** One pair of parentheses. */
interface Level {
  /** Whether a statement stands in it: `FROM` means a table there, and not `extract(year FROM ...)`. */
  query: boolean
  /** Whether a comma at this level goes on with the list of tables. */
  list: boolean
  readonly openedAt: number
}

class Reader {
  readonly #tokens: readonly string[]
  readonly #parts: string[] = []
  readonly #targets: Set<string> = new Set()
  readonly #named: Set<string> = new Set()
  #levels: Level[] = [{ query: false, list: false, openedAt: -1 }]
  #seen: Set<string> = new Set()
  #main = ''
  #at = 0
  #start = true
  #with = false
  #closed = -1

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens
  }

  read(): SqlSummary {
    while (this.#at < this.#tokens.length) this.#step()
    const [target = '', ...others] = this.#targets
    return {
      summary: joined(this.#parts),
      operation: this.#main || (this.#parts[0] ?? ''),
      target: others.length === 0 ? detach(target) : ''
    }
  }

  #step(): void {
    const at = this.#at++
    const token = this.#tokens[at] ?? ''
    if (token === '(') this.#levels.push({ query: false, list: false, openedAt: at })
    else if (token === ')') this.#close()
    else if (token === ';') this.#begin()
    else if (token === ',' && this.#level.list) this.#table(false)
    else if (isWord(token)) this.#word(token.toUpperCase(), at)
    else this.#start = false
  }

  get #level(): Level {
    return this.#levels.at(-1) as Level
  }

  #close(): void {
    this.#closed = this.#level.openedAt
    if (this.#levels.length > 1) this.#levels.pop()
  }

  #begin(): void {
    this.#levels = [{ query: false, list: false, openedAt: -1 }]
    this.#start = true
    this.#with = false
  }

  #word(word: string, at: number): void {
    const before = this.#keyword(at - 1)
    // A verb begins a statement only at a statement's place: `ON CONFLICT DO UPDATE`, `FOR UPDATE` and `ON DELETE` do not.
    const here = this.#start || before === '(' || (this.#with && before === ')')
    switch (word) {
      case 'SELECT':
        return this.#verb(word)
      case 'FROM':
        if (this.#level.query && before !== 'DISTINCT') this.#tables()
        return
      case 'JOIN':
      case 'STRAIGHT_JOIN':
        if (this.#level.query) this.#table(false)
        return
      case 'AS':
        return this.#commonTable(at)
    }
    if (listEnds.has(word)) this.#level.list = false
    if (word === 'WITH' && (here || before === 'AS')) this.#with = true
    if (!here) return
    if (word === 'WITH') this.#start = false
    else if (word === 'EXPLAIN') return this.#explain()
    else if (word === 'DELETE') this.#verb(word)
    else if (word === 'INSERT' || word === 'REPLACE' || word === 'MERGE') this.#change(word)
    else if (word === 'UPDATE') this.#update()
    else if (word === 'TRUNCATE' || word === 'COPY') this.#change(word)
    else if (word === 'CREATE' || word === 'ALTER' || word === 'DROP') this.#define(word)
    else if (this.#start) this.#plain(word)
    this.#start = false
  }

  #verb(word: string): void {
    this.#parts.push(word)
    this.#seen = new Set()
    this.#start = false
    this.#level.query = true
    this.#level.list = false
    if (this.#main === '' && this.#levels.length === 1) this.#main = word
  }

  #explain(): void {
    this.#parts.push('EXPLAIN')
    this.#main = 'EXPLAIN'
    while (/^(?:ANALYZE|ANALYSE|VERBOSE)$/.test(this.#keyword(this.#at))) this.#at++
    if (this.#tokens[this.#at] !== '(' || this.#keyword(this.#at + 1) === 'SELECT') return
    while (this.#at < this.#tokens.length && this.#tokens[this.#at++] !== ')');
  }

  #change(word: string): void {
    this.#verb(word)
    this.#table(true)
    this.#level.query = word === 'MERGE'
    if (word === 'TRUNCATE') this.#level.list = true
  }

  #update(): void {
    this.#verb('UPDATE')
    this.#table(true)
    this.#level.list = true
  }

  #define(word: string): void {
    while (fillers.has(this.#keyword(this.#at)) && this.#keyword(this.#at) !== 'TABLE') this.#at++
    const kind = this.#keyword(this.#at)
    this.#verb(objectKinds.has(kind) ? `${word} ${kind}` : word)
    this.#level.query = false
    if (!objectKinds.has(kind)) return this.#skip()
    this.#at++
    this.#table(true)
    // The rest is definitions; only `CREATE TABLE ... AS SELECT` and a view's query say more, and they begin with AS.
    if (kind !== 'TABLE' && kind !== 'VIEW') this.#skip()
  }

  #plain(word: string): void {
    if (plainVerbs.has(word)) this.#verb(word)
    this.#skip()
  }

  #skip(): void {
    while (this.#at < this.#tokens.length && this.#tokens[this.#at] !== ';') this.#at++
  }

  #tables(): void {
    this.#level.list = true
    this.#table(false)
  }

  /** Reads a table's name if one comes; `called` allows `name (`, which after FROM is a function. */
  #table(called: boolean): void {
    if (this.#tokens[this.#at] === '(') {
      const next = this.#keyword(this.#at + 1)
      if (next === 'SELECT' || next === 'WITH' || next === 'VALUES' || called) return
      this.#levels.push({ query: true, list: true, openedAt: this.#at++ })
    }
    while (fillers.has(this.#keyword(this.#at))) this.#at++
    const token = this.#tokens[this.#at]
    if (token === undefined || !isName(token) || reserved.has(this.#keyword(this.#at))) return
    let name = bare(token)
    this.#at++
    while (this.#tokens[this.#at] === '.' && isName(this.#tokens[this.#at + 1] ?? '')) {
      name += `.${bare(this.#tokens[this.#at + 1] ?? '')}`
      this.#at += 2
    }
    const isCall = !called && this.#tokens[this.#at] === '('
    if (!isCall && name.length <= maxName && !this.#named.has(name.toLowerCase())) this.#add(name)
  }

  #add(name: string): void {
    this.#targets.add(name)
    if (this.#seen.has(name)) return
    this.#seen.add(name)
    this.#parts.push(name)
  }

  /** `WITH name (columns) AS (`: a name of the statement's own, no table. */
  #commonTable(at: number): void {
    if (!this.#with) return
    const next = this.#keyword(this.#at)
    if (next !== '(' && next !== 'MATERIALIZED' && next !== 'NOT') return
    const before = this.#tokens[at - 1] === ')' ? this.#closed - 1 : at - 1
    const name = this.#tokens[before]
    if (name !== undefined && isName(name)) this.#named.add(bare(name).toLowerCase())
  }

  #keyword(at: number): string {
    return (this.#tokens[at] ?? '').toUpperCase()
  }
}

function isWord(token: string): boolean {
  return isWordCode(token.charCodeAt(0))
}

function isName(token: string): boolean {
  return token !== literal && (token.startsWith(quote) ? token.length > 1 : isWord(token))
}

function bare(token: string): string {
  return token.startsWith(quote) ? token.slice(1) : token
}

/** At most 255 characters, and no name in halves. */
function joined(parts: readonly string[]): string {
  let text = ''
  for (const part of parts) {
    if (text.length + part.length >= maxSummary) break
    text += text === '' ? part : ` ${part}`
  }
  return detach(text)
}
