import { formatWithOptions, inspect, type InspectOptions, types } from 'node:util'
import type { Redactor } from '../../redact/redactor.ts'
import { readError } from '../../span/exception.ts'

// Inspecting has no bound on the number of properties (a million keys cost a second), so values are cut down to a copy first.
const maxNodes = 128
const maxDepth = 3
const maxItems = 32

/**
 * The line that `util.format` makes of the arguments, at most about `length` characters, at a cost that hardly grows with them: only the
 * listing of an object's keys does, and printing has cost the host many times that. Properties whose
 * name says that they are secret are hidden; errors are shown by message and stack only, since their own properties can hold whole requests.
 */
export function formatLine(args: readonly unknown[], length: number, redactor: Redactor): string {
  const options: InspectOptions = {
    depth: maxDepth,
    maxArrayLength: maxItems,
    maxStringLength: length,
    breakLength: 120
  }
  const cutter = new Cutter(length, redactor)
  const shown = args.slice(0, maxItems).map((value) => cutter.cut(value, 0))
  try {
    const [first, ...rest] = shown
    if (typeof args[0] === 'string' && args[0].includes('%') && rest.length > 0)
      return formatWithOptions(options, first, ...rest.map(unwrap)).slice(0, length + 1)
    return shown
      .map((value) => (typeof value === 'string' ? value : inspect(value, options)))
      .join(' ')
      .slice(0, length + 1)
  } catch {
    // A getter or an inspect method of the host that throws; the console has shown the host the same exception.
    return '[unserialisable]'
  }
}

/** Text that stands for a value inside others, where a string would be quoted. */
class Shown {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  [inspect.custom](): string {
    return this.text
  }

  toString(): string {
    return this.text
  }

  toJSON(): string {
    return this.text
  }
}

function unwrap(value: unknown): unknown {
  return value instanceof Shown ? value.text : value
}

class Cutter {
  readonly #length: number
  readonly #redactor: Redactor
  #nodes = 0

  constructor(length: number, redactor: Redactor) {
    this.#length = length
    this.#redactor = redactor
  }

  /** The value itself when it is small by nature, else a copy of its first parts. */
  cut(value: unknown, depth: number): unknown {
    if (typeof value === 'string') return value.slice(0, this.#length + 1)
    if (typeof value === 'function') return new Shown(`[Function: ${nameOf(value)}]`)
    if (typeof value !== 'object' || value === null) return value
    // A proxy's traps are the host's code, and would run once more than without us.
    if (types.isProxy(value)) return new Shown('[Proxy]')
    if (types.isNativeError(value)) return new Shown(errorText(value))
    if (depth >= maxDepth || ++this.#nodes > maxNodes) return new Shown(`[${nameOf(value)}]`)
    if (Array.isArray(value)) return this.#cutItems(value, depth)
    if (value instanceof Map) return this.#cutEntries(value, depth)
    if (value instanceof Set) return new Set(this.#cutItems(first(value), depth))
    if (isSmall(value)) return value
    return this.#cutProperties(value, depth)
  }

  #cutItems(items: readonly unknown[], depth: number): unknown[] {
    const [name, value] = items
    // An entry, as of Object.entries().
    if (items.length === 2 && typeof name === 'string' && typeof value === 'string')
      return [this.cut(name, depth + 1), this.#cutNamed(name, value, depth)]
    const cut = items.slice(0, maxItems).map((item) => this.cut(item, depth + 1))
    if (items.length > maxItems) cut.push(new Shown(`... ${items.length - maxItems} more items`))
    return cut
  }

  #cutEntries(map: Map<unknown, unknown>, depth: number): Map<unknown, unknown> {
    const entries = first(map) as [unknown, unknown][]
    return new Map(
      entries.map(([key, value]) => [
        this.cut(key, depth + 1),
        typeof key === 'string' ? this.#cutNamed(key, value, depth) : this.cut(value, depth + 1)
      ])
    )
  }

  /** Own enumerable properties, by their descriptors: no getter runs. The prototype stays, for its name. */
  #cutProperties(value: object, depth: number): object {
    const copy = Object.create(shownPrototype(value)) as object
    const keys = Object.keys(value)
    for (const key of keys) {
      if (++this.#nodes > maxNodes) break
      const found = Object.getOwnPropertyDescriptor(value, key)
      const shown = found?.get === undefined ? this.#cutNamed(key, found?.value, depth) : accessor
      Object.defineProperty(copy, key, { value: shown, enumerable: true })
    }
    return copy
  }

  // An object under a secret name is hidden whole: the rule is asked what it would do with a text there.
  #cutNamed(key: string, value: unknown, depth: number): unknown {
    const probe = typeof value === 'string' || typeof value === 'number' ? value : 'x'
    const allowed = this.#redactor.attribute(key, probe)
    if (allowed === probe) return this.cut(value, depth + 1)
    return typeof value === 'string' || allowed === undefined ? allowed : new Shown(String(allowed))
  }
}

const accessor = new Shown('[Getter]')

function first(values: Map<unknown, unknown> | Set<unknown>): unknown[] {
  const taken: unknown[] = []
  for (const value of values) {
    if (taken.push(value) > maxItems) break
  }
  return taken
}

/** Kinds whose text is bounded by the inspect options, or is the host's own choice of what to show. */
function isSmall(value: object): boolean {
  if (ArrayBuffer.isView(value) || types.isDate(value) || types.isRegExp(value)) return true
  if (types.isBoxedPrimitive(value) || types.isPromise(value) || types.isAnyArrayBuffer(value))
    return true
  return typeof Reflect.get(value, inspect.custom) === 'function'
}

// `%s` and `%j` call these on the copy, where they would miss private fields; then the copy is shown as plain data.
function shownPrototype(value: object): object | null {
  const prototype = Object.getPrototypeOf(value) as object | null
  if (prototype === null || prototype === Object.prototype) return prototype
  const name = nameOf(value)
  const named = { [name]: function (): void {} }[name]
  return (named?.prototype ?? null) as object | null
}

function nameOf(value: object): string {
  try {
    const name: unknown =
      typeof value === 'function' ? value.name : (value.constructor as { name?: unknown }).name
    return typeof name === 'string' && name !== '' ? name.slice(0, 64) : '(anonymous)'
  } catch {
    return 'Object'
  }
}

function errorText(error: object): string {
  const { type, message, attributes } = readError(error)
  return attributes['exception.stacktrace'] ?? `${type}: ${message}`
}
