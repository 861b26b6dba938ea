import { fileURLToPath } from 'node:url'

/** One line of a stack that names a place in a file. */
export interface Frame {
  /** The function as V8 names it, `OrderRepo.load`; '' where it has no name. */
  readonly function: string
  /** As it stands there: a path, a `file:` URL, `node:fs`. */
  readonly file: string
  /** Counted from 1, as the column is. */
  readonly line: number
  readonly column: number
}

const longest = 2000

/**
 * Reads a line of a V8 stack; undefined for one that is no frame. Taken apart by hand: the text can be a stranger's, and two open-ended
 * parts in one expression would take time that grows with the square of the line.
 */
export function readFrame(text: string): Frame | undefined {
  const trimmed = text.length > longest ? '' : text.trim()
  if (!trimmed.startsWith('at ')) return undefined
  const rest = trimmed.slice(3)
  const open = rest.endsWith(')') ? rest.indexOf(' (') : -1
  const place = open < 0 ? rest.replace(/^async /, '') : rest.slice(open + 2, -1)
  const numbers = /:(\d{1,9}):(\d{1,9})$/.exec(place)
  if (numbers === null || place.startsWith('eval at ')) return undefined
  return {
    function: open < 0 ? '' : functionName(rest.slice(0, open)),
    file: place.slice(0, numbers.index),
    line: Number(numbers[1]),
    column: Number(numbers[2])
  }
}

// V8 names the receiver's class even where it says nothing, and a nameless function after what it hangs from.
function functionName(text: string): string {
  const name = text
    .replace(/^async /, '')
    .replace(/ \[as .*$/, '')
    .replace(/^Object\.(?!<)/, '')
  return name.endsWith('<anonymous>') ? '' : name
}

/** The path of a file that a stack names; undefined for Node's own modules and for code that came from no file. */
export function pathOf(file: string): string | undefined {
  if (file.startsWith('/') || /^[a-z]:[\\/]/i.test(file) || file.startsWith('\\\\')) return file
  if (!file.startsWith('file:')) return undefined
  try {
    // A query tells versions of one file apart (hot reload).
    return fileURLToPath(file.replace(/[?#].*$/s, ''))
  } catch {
    return undefined
  }
}
