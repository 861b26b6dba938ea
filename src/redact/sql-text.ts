export type Dialect = 'postgresql' | 'mysql' | 'sqlite' | 'other'

/** Instead of a position: the dialects disagree here. */
export const unsure = -2
const missing = -1

/** Letters, the underscore, and everything beyond ASCII. */
export function isWordStart(code: number): boolean {
  return ((code | 32) >= 0x61 && (code | 32) <= 0x7a) || code === 0x5f || code >= 0x80
}

export function isWordCode(code: number): boolean {
  return isWordStart(code) || (code >= 0x30 && code <= 0x39) || code === 0x24
}

/**
 * The position behind the quoted text that begins at `at`; -1 when it does not end. A doubled quote stands for one everywhere; a backslash
 * before a quote escapes it in some dialects only.
 */
export function quotedEnd(text: string, at: number, escapes: boolean, dialect: Dialect): number {
  const quote = text.charCodeAt(at)
  let backslashes = 0
  for (let i = at + 1; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 0x5c) {
      if (escapes) i++
      else backslashes++
      continue
    }
    if (code === quote) {
      if (!escapes && dialect === 'other' && backslashes % 2 === 1) return unsure
      if (text.charCodeAt(i + 1) !== quote) return i + 1
      i++
    }
    backslashes = 0
  }
  return missing
}

/** The position behind the comment that begins at `at`; `at` itself when none does. A comment that does not end goes on to the end. */
export function skipComment(text: string, at: number, dialect: Dialect): number {
  const two = text.slice(at, at + 2)
  if (two === '/*') return blockEnd(text, at, dialect)
  if (two === '--') {
    const separate = !(text.charCodeAt(at + 2) > 0x20)
    if (dialect === 'postgresql' || dialect === 'sqlite' || separate) return lineEnd(text, at)
    // MySQL reads `a--b` as minus minus.
    return dialect === 'mysql' ? at : unsure
  }
  if (text[at] !== '#') return at
  if (dialect === 'mysql') return lineEnd(text, at)
  // PostgreSQL's JSON operators; else MySQL's comment, SQL Server's temporary table.
  return dialect === 'other' && !/^(?:>|-(?!-))/.test(text.slice(at + 1, at + 3)) ? unsure : at
}

/** The statement as it is, but for its comments. */
export function withoutComments(text: string, dialect: Dialect): string {
  let clean = ''
  let kept = 0
  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at)
    if (code === 0x27 || code === 0x22 || code === 0x60) {
      const end = quotedEnd(text, at, dialect === 'mysql' && code !== 0x60, dialect)
      at = end > 0 ? end : text.length
      continue
    }
    const opens = code === 0x2d || code === 0x2f || code === 0x23
    const end = opens ? skipComment(text, at, dialect) : at
    if (end > at) {
      clean += `${text.slice(kept, at)} `
      kept = at = end
    } else at++
  }
  return kept === 0 ? text : (clean + text.slice(kept)).trim()
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at)
  return end < 0 ? text.length : end
}

// PostgreSQL's comments nest.
function blockEnd(text: string, at: number, dialect: Dialect): number {
  let depth = 1
  for (let i = at + 2; i < text.length; i++) {
    const code = text.charCodeAt(i)
    const next = text.charCodeAt(i + 1)
    if (code === 0x2a && next === 0x2f) {
      depth--
      i++
      if (depth === 0) return i + 1
    } else if (code === 0x2f && next === 0x2a) {
      if (dialect === 'other') return unsure
      if (dialect === 'postgresql') depth++
      i++
    }
  }
  return text.length
}
