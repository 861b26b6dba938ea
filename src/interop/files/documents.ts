import type { Place } from './places.ts'

const newline = 0x0a

/**
 * The JSON documents of a file: all of it, or, where it is JSON lines as the Collector's file exporter writes them, each of its lines. Undefined
 * wherever the host may go on.
 */
export function* documents(body: Buffer): Generator<Place | undefined> {
  const begin = body.subarray(0, 3).equals(byteOrderMark) ? 3 : 0
  let first: Place | undefined
  let lines = false
  for (const line of linesOf(body, begin)) {
    if (lines || line === undefined) yield line
    else if (first === undefined) first = line
    else if (
      beginsDocument(body, line) &&
      (endsDocument(body, first) || sameBegin(body, first, line))
    ) {
      lines = true
      yield first
      yield line
    } else break
  }
  if (first === undefined || lines) return
  yield { ...first, end: body.length }
}

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf])

/** Bytes that are looked through in one go, and lines: half a millisecond. */
const stride = 1024 * 1024
const linesAtOnce = 4096

/** Lines that hold something, without the blanks around. */
function* linesOf(body: Buffer, from: number): Generator<Place | undefined> {
  let line = 1
  for (let at = from; at < body.length; line++) {
    const next = yield* endOfLine(body, at)
    let begin = at
    while (begin < next && isBlank(body[begin])) begin++
    let end = next
    while (end > begin && isBlank(body[end - 1])) end--
    if (end > begin) yield { begin, end, line, column: begin - at + 1 }
    else if (line % linesAtOnce === 0) yield
    at = next + 1
  }
}

function* endOfLine(body: Buffer, from: number): Generator<undefined, number> {
  for (let at = from; at < body.length; at += stride) {
    const found = body.subarray(at, at + stride).indexOf(newline)
    if (found !== -1) return at + found
    yield
  }
  return body.length
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d
}

function beginsDocument(body: Buffer, { begin }: Place): boolean {
  return body[begin] === 0x7b || body[begin] === 0x5b
}

// Within a document, a comma stands between the end of one value and the begin of the next.
function endsDocument(body: Buffer, { begin, end }: Place): boolean {
  return (
    beginsDocument(body, { begin } as Place) && (body[end - 1] === 0x7d || body[end - 1] === 0x5d)
  )
}

/** The first line may be the broken one: what it began with tells. A bracket alone begins the lines of a document that is laid out, too. */
function sameBegin(body: Buffer, a: Place, b: Place): boolean {
  const text = body.toString('latin1', a.begin, a.begin + 8)
  return text.length === 8 && text === body.toString('latin1', b.begin, b.begin + 8)
}
