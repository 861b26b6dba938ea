import type { Dialect } from '../../redact/redactor.ts'

/** Stands for a literal; its text is never kept. */
export const literal = "'"
/** Begins a quoted name, whose text follows without its quotes. */
export const quote = '"'

const dollarTag = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y

/**
 * Cuts a statement into words, quoted names, literals and single punctuation characters; comments and space are left out. One pass, every
 * character looked at a bounded number of times; an unterminated literal or comment ends the statement.
 */
export function sqlTokens(text: string, dialect: Dialect): string[] {
  const tokens: string[] = []
  let at = 0
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code <= 32) {
      at++
    } else if (isWordCode(code)) {
      const start = at
      while (at < text.length && isInWord(text.charCodeAt(at))) at++
      tokens.push(text.slice(start, at))
    } else if (code === 0x27 || code === 0x22 || code === 0x60) {
      const end = quotedEnd(text, at, escapes(code, dialect, tokens.at(-1)))
      tokens.push(quoted(text, at, end, code === 0x60 || (code === 0x22 && dialect !== 'mysql')))
      at = end
    } else {
      at = other(text, at, dialect, tokens)
    }
  }
  return tokens
}

function other(text: string, at: number, dialect: Dialect, tokens: string[]): number {
  const end = commentEnd(text, at, dialect) ?? dollarEnd(text, at, dialect)
  if (end !== undefined) {
    if (text[at] === '$') tokens.push(literal)
    return end
  }
  let next = at + 1
  // A number, or the place of a parameter: $1, :1, @1, ?1.
  const marked = '$:@?'.includes(text.charAt(at)) && isDigit(text.charCodeAt(next))
  if (marked || isDigit(text.charCodeAt(at))) {
    while (isInWord(text.charCodeAt(next)) || text[next] === '.') next++
    tokens.push('0')
  } else {
    tokens.push(text.charAt(at))
  }
  return next
}

/** Whether a word can begin so. As in PostgreSQL, everything beyond ASCII may stand in a name. */
export function isWordCode(code: number): boolean {
  return ((code | 32) >= 0x61 && (code | 32) <= 0x7a) || code === 0x5f || code >= 0x80
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

function isInWord(code: number): boolean {
  return isWordCode(code) || isDigit(code) || code === 0x24
}

function quoted(text: string, at: number, end: number, isName: boolean): string {
  if (!isName || end > text.length) return literal
  const char = text.charAt(at)
  return quote + text.slice(at + 1, end - 1).replaceAll(char + char, char)
}

/** `$tag$ ... $tag$`. */
function dollarEnd(text: string, at: number, dialect: Dialect): number | undefined {
  if (dialect !== 'postgresql' || text[at] !== '$') return undefined
  dollarTag.lastIndex = at
  const tag = dollarTag.exec(text)?.[0]
  return tag === undefined ? undefined : after(text, tag, at + tag.length)
}

function commentEnd(text: string, at: number, dialect: Dialect): number | undefined {
  const two = text.slice(at, at + 2)
  if (two === '--' || (two.startsWith('#') && dialect === 'mysql')) return after(text, '\n', at)
  if (two !== '/*') return undefined
  if (dialect !== 'postgresql') return after(text, '*/', at + 2)
  // PostgreSQL's block comments nest.
  let depth = 0
  const marks = /\/\*|\*\//g
  marks.lastIndex = at
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    depth += mark[0] === '/*' ? 1 : -1
    if (depth === 0) return marks.lastIndex
  }
  return text.length
}

function after(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from)
  return found < 0 ? text.length : found + mark.length
}

function escapes(code: number, dialect: Dialect, before: string | undefined): boolean {
  if (code === 0x60) return false
  return dialect === 'mysql' || (code === 0x27 && (before === 'E' || before === 'e'))
}

/** Where a quoted piece ends; beyond the text when it does not. */
function quotedEnd(text: string, start: number, backslash: boolean): number {
  const char = text.charAt(start)
  for (let i = start + 1; i < text.length; i++) {
    if (backslash && text[i] === '\\') i++
    else if (text[i] === char && text[i + 1] === char) i++
    else if (text[i] === char) return i + 1
  }
  return text.length + 1
}
