import { types } from 'node:util'
import type { Limits } from '../../base/limits.ts'
import type { Redactor } from '../../redact/redactor.ts'
import { readError } from '../../span/exception.ts'

const maxDepth = 4
const maxItems = 32
// Fields that are looked at; most of a huge object is never shown.
const maxNodes = 256

/**
 * The fields of a log line as attributes: what is nested by its path (`user.id`, `items.0.sku`), an error by the names of the semantic
 * conventions. Bounded in number and depth. A value under a secret name is hidden whole, at whatever depth.
 */
export class LogFields {
  /** For `span.addLog`, which cleans the values once more by their whole path. Without a prototype: a key may be `__proto__`. */
  readonly attributes: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  readonly #redactor: Redactor
  readonly #limits: Limits
  #left: number
  #nodes = 0

  constructor(redactor: Redactor, limits: Limits) {
    this.#redactor = redactor
    this.#limits = limits
    this.#left = limits.attributes
  }

  add(key: string, value: unknown): void {
    this.#add(key, key, value, 0)
  }

  /** The line's error; the first one counts, since a line has one place for it. */
  exception(attributes: Readonly<Record<string, string>>): void {
    if ('exception.type' in this.attributes || 'exception.message' in this.attributes) return
    for (const [key, value] of Object.entries(attributes)) if (value !== '') this.#put(key, value)
  }

  #add(path: string, key: string, value: unknown, depth: number): void {
    if (this.#left <= 0 || ++this.#nodes > maxNodes) return
    if (typeof value !== 'object' || value === null) {
      if (isShown(value)) this.#put(path, depth === 0 ? value : this.#clean(key, value))
      return
    }
    // A list or an object that is a Proxy runs the host's code, and may say something else each time.
    if (types.isProxy(value) || this.#hides(path, key)) return
    if (types.isNativeError(value)) {
      if (depth === 0) this.exception(readError(value).attributes)
      else this.#put(path, readError(value).message)
    } else if (types.isDate(value)) this.#put(path, dateText(value))
    else if (depth === 0 && isErrorText(value)) this.exception(errorTexts(value))
    else if (Array.isArray(value)) this.#addItems(path, value, depth)
    else if (isPlain(value)) this.#addProperties(path, value, depth)
  }

  #addItems(path: string, value: readonly unknown[], depth: number): void {
    const items = value.slice(0, this.#limits.arrayLength)
    const kind = typeof items[0]
    if (isShown(items[0]) && items.every((item) => typeof item === kind)) this.#put(path, items)
    else
      for (const [i, item] of items.slice(0, maxItems).entries())
        this.#nest(path, String(i), item, depth)
  }

  // By their descriptors: no getter runs.
  #addProperties(path: string, value: object, depth: number): void {
    for (const key of Object.keys(value)) {
      if (this.#left <= 0 || this.#nodes > maxNodes) return
      this.#nest(path, key, own(value, key), depth)
    }
  }

  #nest(path: string, key: string, value: unknown, depth: number): void {
    if (depth < maxDepth) this.#add(`${path}.${key}`, key, value, depth + 1)
    else if (!(path in this.attributes)) this.#put(path, '[Object]')
  }

  // The rule of a name is asked what it would do with a text there.
  #hides(path: string, key: string): boolean {
    const shown = this.#redactor.attribute(key, 'x')
    if (shown === 'x') return false
    if (shown !== undefined) this.#put(path, shown)
    return true
  }

  #clean(key: string, value: unknown): unknown {
    return this.#redactor.attribute(key, value)
  }

  #put(path: string, value: unknown): void {
    if (value === undefined) return
    if (!(path in this.attributes)) this.#left--
    this.attributes[path] = value
  }
}

function isShown(value: unknown): boolean {
  const type = typeof value
  return type === 'string' || type === 'number' || type === 'boolean' || type === 'bigint'
}

/** An object whose properties are what it is; bytes, maps and the like have others. */
function isPlain(value: object): boolean {
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return false
  return !types.isMap(value) && !types.isSet(value) && !types.isPromise(value)
}

function dateText(date: Date): string {
  const ms = Date.prototype.getTime.call(date)
  return Number.isNaN(ms) ? 'Invalid Date' : new Date(ms).toISOString()
}

function own(value: object, key: string): unknown {
  return Object.getOwnPropertyDescriptor(value, key)?.value
}

/** An error that a serializer has written: pino's `{ type, message, stack }`. */
function isErrorText(value: object): boolean {
  return typeof own(value, 'message') === 'string' && typeof own(value, 'stack') === 'string'
}

function errorTexts(value: object): Record<string, string> {
  const text = (key: string): string => {
    const found = own(value, key)
    return typeof found === 'string' || typeof found === 'number' ? String(found) : ''
  }
  return {
    'exception.type': text('type') || text('name') || 'Error',
    'exception.message': text('message'),
    'exception.stacktrace': text('stack'),
    'exception.code': text('code')
  }
}

/** What a stack says of its error in its first line: `TypeError: no such order`. */
export function stackTexts(stack: string): Record<string, string> {
  const [, type = 'Error', message = ''] =
    /^([A-Za-z_$][\w$.]*)(?: \[[^\]]*\])?(?:: ([^\n]*))?(?:\n|$)/.exec(stack) ?? []
  return { 'exception.type': type, 'exception.message': message, 'exception.stacktrace': stack }
}
