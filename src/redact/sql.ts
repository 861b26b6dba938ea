import {
  type Dialect,
  isWordCode,
  isWordStart,
  quotedEnd,
  skipComment,
  unsure
} from './sql-text.ts'

/**
 * A statement without its literals, its comments and its runs of space: security.md 4.2.6. One pass over the text, every character read
 * a bounded number of times. Where the dialects disagree about where a literal ends and the dialect is not known, the statement ends: a
 * lexer out of step shows literals and hides the rest.
 */
export function cleanSql(text: string, dialect: Dialect, limit: number): string {
  const lexer = new Lexer(text, dialect, limit)
  return lexer.run().replace(lists, '(?)')
}

// `IN (?, ?, ?)`: one question mark says as much, and statements that differ in their number look the same.
const lists = /(?<=\bIN ?)\( ?\?(?: ?, ?\?)+ ?\)/gi

const stringPrefix = /^(?:[enxb]|n?q)$/i
const identifier = /^[A-Za-z_][\w$ -]{0,62}$/
const maxQuoted = 128
const maxBracketed = 66
/** What only a table's name can follow, in any dialect. */
const beforeTable: ReadonlySet<string> = new Set(['JOIN', 'INTO', 'UPDATE', 'TABLE'])
/** What a value follows, in any dialect. */
const beforeValue: ReadonlySet<string> = new Set([
  '=',
  '<',
  '>',
  'LIKE',
  'ILIKE',
  'BETWEEN',
  'THEN',
  'ELSE',
  '|'
])

class Lexer {
  readonly #text: string
  readonly #dialect: Dialect
  readonly #limit: number
  readonly #out: string[] = []
  #size = 0
  #at = 0
  #space = false
  /** The token before, in capitals. */
  #last = ''
  /** Whether each open parenthesis holds values: `IN (` and `VALUES (`. */
  readonly #values: boolean[] = []
  #closedValues = false
  /** Double quotes are seen to hold names: then those that were in doubt are names too. */
  #ansi = false
  readonly #doubtful: { readonly index: number; readonly name: string }[] = []

  constructor(text: string, dialect: Dialect, limit: number) {
    this.#text = text
    this.#dialect = dialect
    this.#limit = limit
  }

  run(): string {
    const text = this.#text
    while (this.#at < text.length && this.#size <= this.#limit)
      this.#next(text.charCodeAt(this.#at))
    if (this.#ansi) for (const { index, name } of this.#doubtful) this.#replace(index, name)
    this.#shorten()
    return this.#out.join('')
  }

  #next(code: number): void {
    const text = this.#text
    if (code <= 0x20) {
      this.#space = true
      this.#at++
    } else if (isWordStart(code)) this.#word()
    else if (code === 0x27) this.#string(this.#dialect === 'mysql')
    else if (code === 0x22) this.#doubleQuoted()
    else if (code === 0x60 && this.#dialect !== 'postgresql') this.#quotedName('`')
    else if (code === 0x5b && (this.#dialect === 'sqlite' || this.#dialect === 'other'))
      this.#bracketed()
    else if (isDigit(code) || (code === 0x2e && isDigit(text.charCodeAt(this.#at + 1))))
      this.#number()
    else if (code === 0x24) this.#dollar()
    else this.#commentOrSign()
  }

  #word(): void {
    const text = this.#text
    let end = this.#at + 1
    while (end < text.length && isWordCode(text.charCodeAt(end))) end++
    const word = text.slice(this.#at, end)
    if (text[end] === "'" && stringPrefix.test(word)) {
      const oracle = word.length > 1 || word === 'q' || word === 'Q'
      if (oracle && this.#dialect === 'other') return this.#cut()
      if (!oracle) {
        this.#at = end
        return this.#string(this.#dialect === 'mysql' || word === 'e' || word === 'E')
      }
    }
    this.#emit(word, word.toUpperCase(), end)
  }

  #string(escapes: boolean): void {
    const end = quotedEnd(this.#text, this.#at, escapes, this.#dialect)
    this.#emit('?', '?', end > 0 ? end : this.#text.length)
    if (end === unsure) this.#cut()
  }

  #doubleQuoted(): void {
    if (this.#dialect === 'mysql') return this.#string(true)
    if (this.#dialect === 'postgresql') return this.#quotedName('"')
    const end = quotedEnd(this.#text, this.#at, false, this.#dialect)
    const name = end > 0 ? this.#text.slice(this.#at, end) : ''
    if (end <= 0 || !identifier.test(name.slice(1, -1))) return this.#string(false)
    const before = this.#last
    const sure = this.#isName(end)
    if (sure) this.#ansi = true
    this.#emit(sure ? name : '?', sure ? '"' : '?', end)
    if (!sure && !this.#isValue(before)) this.#doubtful.push({ index: this.#out.length - 1, name })
  }

  // MySQL's and SQLite's string in double quotes cannot stand there.
  #isName(end: number): boolean {
    if (this.#last === '.' || beforeTable.has(this.#last)) return true
    if (this.#last === 'FROM' && this.#values.length === 0) return true
    let next = end
    while (this.#text.charCodeAt(next) <= 0x20) next++
    return this.#text[next] === '.'
  }

  #isValue(before: string): boolean {
    if (beforeValue.has(before)) return true
    return (before === '(' || before === ',') && this.#values.at(-1) === true
  }

  #quotedName(quote: string): void {
    const end = quotedEnd(this.#text, this.#at, false, this.#dialect)
    if (end <= 0) return this.#string(false)
    const name = this.#text.slice(this.#at, end)
    this.#emit(name.length > maxQuoted ? '?' : name, quote, end)
  }

  /** SQL Server's and SQLite's `[name]`; elsewhere an array's index. */
  #bracketed(): void {
    const near = this.#text.slice(this.#at, this.#at + maxBracketed)
    const end = near.indexOf(']')
    if (end > 0 && identifier.test(near.slice(1, end)))
      this.#emit(near.slice(0, end + 1), '"', this.#at + end + 1)
    else this.#emit('[', '[', this.#at + 1)
  }

  #number(): void {
    const text = this.#text
    const hex = text[this.#at] === '0' && (text[this.#at + 1] === 'x' || text[this.#at + 1] === 'X')
    let end = this.#at + 1
    for (; end < text.length; end++) {
      const code = text.charCodeAt(end)
      const sign =
        (code === 0x2b || code === 0x2d) && !hex && (text.charCodeAt(end - 1) | 32) === 0x65
      if (!isWordCode(code) && code !== 0x2e && !sign) break
    }
    const before = this.#at > 0 ? text[this.#at - 1] : ''
    // `:1`, `?1` and `@1` are places of parameters.
    const run = text.slice(this.#at, end)
    const place = (before === ':' || before === '?' || before === '@') && /^\d{1,3}$/.test(run)
    this.#emit(place ? run : '?', '?', end)
  }

  /** `$1`, `$name`, and PostgreSQL's `$tag$ ... $tag$`. */
  #dollar(): void {
    const text = this.#text
    let end = this.#at + 1
    while (end < text.length && isWordCode(text.charCodeAt(end)) && text[end] !== '$') end++
    const tag = text.slice(this.#at, end + 1)
    if (text[end] === '$' && this.#dialect !== 'mysql' && this.#dialect !== 'sqlite') {
      const close = text.indexOf(tag, end + 1)
      this.#emit('?', '?', close < 0 ? text.length : close + tag.length)
    } else if (/^\$\d{1,4}$/.test(text.slice(this.#at, end))) {
      this.#emit(text.slice(this.#at, end), '?', end)
    } else this.#emit('$', '$', this.#at + 1)
  }

  #commentOrSign(): void {
    const end = skipComment(this.#text, this.#at, this.#dialect)
    if (end === unsure) return this.#cut()
    if (end > this.#at) {
      this.#space = true
      this.#at = end
      return
    }
    const sign = this.#text[this.#at] as string
    if (sign === '(') {
      const more = this.#last === ',' && this.#closedValues
      this.#values.push(this.#last === 'IN' || this.#last === 'VALUES' || more)
    } else if (sign === ')') this.#closedValues = this.#values.pop() === true
    // Nothing of ours may read as a comment: two signs that are none stay apart, and an operator together.
    if (sign === '-' && this.#last === '-') this.#space = true
    const operator = sign === '#' && this.#dialect === 'other' ? 2 : 1
    this.#emit(this.#text.slice(this.#at, this.#at + operator), sign, this.#at + operator)
  }

  #emit(token: string, last: string, end: number): void {
    if (this.#space && this.#out.length > 0) this.#push(' ')
    this.#space = false
    this.#push(token)
    this.#last = last
    this.#at = end
  }

  #push(piece: string): void {
    this.#out.push(piece)
    this.#size += piece.length
  }

  #replace(index: number, piece: string): void {
    this.#size += piece.length - (this.#out[index] as string).length
    this.#out[index] = piece
  }

  #cut(): void {
    this.#space = true
    this.#emit('…', '…', this.#text.length)
  }

  // Whole tokens leave: half a quoted name would read as an open literal.
  #shorten(): void {
    if (this.#size <= this.#limit) return
    while (this.#size > this.#limit - 2) this.#size -= (this.#out.pop() as string).length
    // Apart, or a word and it would be one word, and a number no number.
    if (this.#out.length > 0 && this.#out.at(-1) !== ' ') this.#push(' ')
    this.#push('…')
  }
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}
