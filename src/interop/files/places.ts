import { maxDepth, type Range } from '../../trace/bounded-body.ts'

/** Where the parts of a JSON document are that can be read alone. */
export interface Shape {
  /** The way to a part: keys of objects, and `*` for any item of a list. */
  readonly path: readonly string[]
  /** How far the way leads to what is read as one: a trace, or the spans of one process. */
  readonly element: number
}

export interface Place extends Range {
  /** Of its first byte, from 1. */
  readonly line: number
  readonly column: number
}

export interface Element extends Place {
  /** Its parts that can be read alone, as far as they end. */
  readonly parts: readonly Place[]
  /** What it lacks at its end. */
  readonly closing: string
}

export interface Found {
  readonly elements: readonly Element[]
  /** The innermost of what never ends. */
  readonly broken: Place | undefined
  /** The first of what is outside of everything. */
  readonly stray: Place | undefined
  /** The first of what is more than a file may have. */
  readonly tooMany: Place | undefined
}

interface Open {
  readonly list: boolean
  readonly onWay: boolean
  readonly place: Place
}

const quote = 0x22
const backslash = 0x5c
const newline = 0x0a
const openBrace = 0x7b
/** Bytes in one go: 0.1 ms. */
const stride = 65_536
const maxKey = 64

/** Parts and elements of one file: 32 MiB of `{},` would be eleven million. */
export const maxPlaces = 100_000

/**
 * Finds the parts of a document that may be broken, so that what cannot be read is lost alone. No string of JSON goes on in the next line: one
 * that was not closed ends there. A bracket that does not fit closes what was forgotten before it.
 */
export class Places {
  readonly #body: Buffer
  readonly #shape: Shape
  readonly #end: number
  readonly #elements: Element[] = []
  readonly #open: Open[] = []
  /** Containers that are open beyond those that are looked at. */
  #deeper = 0
  #parts: Place[] = []
  /** What the element lacked if it ended with its last part. */
  #closing = ''
  #places = 0
  #stray: Place | undefined
  #tooMany: Place | undefined
  #inString = false
  #stringBegin = 0
  #stringEnd = 0
  #at: number
  #line: number
  #lineBegin: number

  constructor(body: Buffer, shape: Shape, document: Place) {
    this.#body = body
    this.#shape = shape
    this.#at = document.begin
    this.#end = document.end
    this.#line = document.line
    this.#lineBegin = document.begin - document.column + 1
  }

  /** Yields wherever the host may go on. */
  *find(): Generator<undefined, Found> {
    while (this.#at < this.#end) {
      this.#advance(Math.min(this.#at + stride, this.#end))
      yield
    }
    const broken = this.#open.at(-1)?.place
    const element = this.#open[this.#shape.element]
    if (element?.onWay === true) this.#addBroken(element.place)
    return { elements: this.#elements, broken, stray: this.#stray, tooMany: this.#tooMany }
  }

  #advance(to: number): void {
    const body = this.#body
    let i = this.#at
    for (; i < to; i++) {
      const byte = body[i] as number
      if (byte === newline) {
        this.#line++
        this.#lineBegin = i + 1
        this.#inString = false
      } else if (this.#inString) {
        if (byte === backslash && body[i + 1] !== newline) i++
        else if (byte === quote) {
          this.#inString = false
          this.#stringEnd = i
        }
      } else if (byte === quote) {
        this.#inString = true
        this.#stringBegin = i + 1
      }
      // `{` and `[` differ from each other, as `}` and `]` do, in the one bit that is set here.
      else if ((byte | 0x20) === 0x7b) this.#enter(i, byte !== openBrace)
      else if ((byte | 0x20) === 0x7d) this.#leave(i, (byte & 0x20) === 0)
      else if (byte > 0x20 && this.#open.length === 0) this.#stray ??= this.#placeAt(i)
    }
    this.#at = i
  }

  #enter(begin: number, list: boolean): void {
    const open = this.#open
    if (open.length >= maxDepth) {
      this.#deeper++
      return
    }
    const parent = open.at(-1)
    const step = this.#shape.path[open.length - 1]
    const onWay =
      parent === undefined ||
      (parent.onWay && step !== undefined && step === (parent.list ? '*' : this.#key))
    const place = this.#placeAt(begin)
    if (onWay && open.length === this.#shape.element) this.#parts = []
    open.push({ list, onWay, place })
  }

  #placeAt(begin: number): Place {
    return { begin, end: begin, line: this.#line, column: begin - this.#lineBegin + 1 }
  }

  // A long one is none that is looked for, and would be copied for each container behind it.
  get #key(): string {
    const [begin, end] = [this.#stringBegin, this.#stringEnd]
    return end - begin > maxKey ? '' : this.#body.toString('latin1', begin, end)
  }

  #leave(at: number, list: boolean): void {
    if (this.#deeper > 0) {
      this.#deeper--
      return
    }
    const open = this.#open
    const depth = open.findLastIndex((one) => one.list === list)
    if (depth < 0) {
      this.#stray ??= this.#placeAt(at)
      return
    }
    while (open.length > depth) {
      const { onWay, place } = open.pop() as Open
      if (onWay) this.#ended(place, open.length === depth ? at + 1 : at, open.length === depth)
    }
  }

  #ended(begin: Place, end: number, whole: boolean): void {
    const { path, element } = this.#shape
    const depth = this.#open.length
    const place = { ...begin, end }
    const isPart = depth === path.length
    const isElement = depth === element
    if (isElement && !isPart && !whole) return this.#addBroken(begin)
    // What is both is one.
    if ((!isPart && !isElement) || !this.#hasRoom(place)) return
    if (isPart) {
      this.#parts.push(place)
      const around = this.#open.slice(element).reverse()
      this.#closing = around.map(({ list }) => (list ? ']' : '}')).join('')
    }
    if (isElement) this.#elements.push({ ...place, parts: this.#parts, closing: '' })
  }

  /** Keeps what is whole of an element that does not end. */
  #addBroken(begin: Place): void {
    const last = this.#parts.at(-1)
    if (last === undefined) return
    this.#elements.push({ ...begin, end: last.end, parts: this.#parts, closing: this.#closing })
  }

  #hasRoom(place: Place): boolean {
    if (this.#places++ < maxPlaces) return true
    this.#tooMany ??= place
    return false
  }
}
