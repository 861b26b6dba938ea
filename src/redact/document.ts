const fieldName = /^[$A-Za-z_][\w$. -]{0,63}$/
const constants: ReadonlySet<string> = new Set(
  '… true false null undefined new Date ISODate ObjectId NumberLong NumberInt NumberDecimal UUID'.split(
    ' '
  )
)
const lists = /\[ ?\?(?: ?, ?\?)+ ?\]/g

/** Whether a statement is a document, as of MongoDB. */
export function isDocument(text: string): boolean {
  return /^\s*[{[]/.test(text)
}

/** A query document with its operators and field names, and `?` for its values. One pass; an open string ends it. */
export function cleanDocument(text: string, limit: number): string {
  let clean = ''
  let space = false
  let before = ''
  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at)
    const quoted = code === 0x22 || code === 0x27
    const end = quoted ? stringEnd(text, at) : wordEnd(text, at)
    if (end < 0) return `${clean}?`.replace(lists, '[?]')
    const piece = text.slice(at, end)
    if (code <= 0x20) space = clean !== ''
    else {
      const name = quoted ? piece.slice(1, -1) : piece
      const field = (before === '{' || before === ',') && isField(name, text, end)
      const kept = field || (!quoted && (!isWord(code) || constants.has(piece)))
      const next = (space ? ' ' : '') + (kept ? piece : '?')
      // Whole pieces leave: half a quoted name would read as an open string.
      if (clean.length + next.length > limit - 2) return `${clean} …`.replace(lists, '[?]')
      clean += next
      space = false
      before = piece
    }
    at = end
  }
  return clean.replace(lists, '[?]')
}

function isField(name: string, text: string, end: number): boolean {
  let next = end
  while (text.charCodeAt(next) <= 0x20) next++
  return text[next] === ':' && fieldName.test(name)
}

function stringEnd(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 0x5c) i++
    else if (code === text.charCodeAt(at)) return i + 1
  }
  return -1
}

function wordEnd(text: string, at: number): number {
  let end = at + 1
  if (isWord(text.charCodeAt(at))) while (end < text.length && isWord(text.charCodeAt(end))) end++
  return end
}

// Letters, digits, what joins them in names and numbers, and everything beyond ASCII.
function isWord(code: number): boolean {
  return (
    ((code | 32) >= 0x61 && (code | 32) <= 0x7a) ||
    (code >= 0x30 && code <= 0x39) ||
    (code >= 0x2d && code <= 0x2f) ||
    code === 0x24 ||
    code === 0x2b ||
    code === 0x5f ||
    code >= 0x80
  )
}
