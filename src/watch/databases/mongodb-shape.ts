/** Deeper than this no query is read by a person. */
const maxDepth = 12
/** Characters; what is kept of a statement is fewer. */
const maxLength = 4096
const maxKeyLength = 64
/** Of a list, which may hold thousands of documents. */
const maxItems = 20
/** Values of a whole command. What is alike is written once, so that its length alone would bound nothing. */
const maxValues = 2000

/**
 * What a MongoDB command asks for: its keys and operators, with `?` for every value, in the form that statements are stored in. Parts that are
 * undefined are left out.
 */
export function shapeOf(command: Readonly<Record<string, unknown>>): string {
  const shape = new Shape()
  shape.write(command, 0)
  return shape.text
}

class Shape {
  text = ''
  #values = 0

  write(value: unknown, depth: number): void {
    if (
      ++this.#values > maxValues ||
      depth > maxDepth ||
      typeof value !== 'object' ||
      value === null
    )
      this.text += '?'
    else if (Array.isArray(value)) this.#list(value as unknown[], depth)
    else if (value instanceof Map) this.#fields(value.entries(), depth)
    else if (isDocument(value)) this.#fields(Object.entries(value), depth)
    else this.text += '?'
  }

  #fields(fields: Iterable<[unknown, unknown]>, depth: number): void {
    this.text += '{'
    let first = true
    for (const [key, value] of fields) {
      if (value === undefined) continue
      if (this.text.length > maxLength) break
      this.text += first ? '"' : ', "'
      first = false
      this.text += `${nameOf(key)}": `
      this.write(value, depth + 1)
    }
    this.text += '}'
  }

  /** Items of the same shape that follow one another are written once. */
  #list(items: readonly unknown[], depth: number): void {
    this.text += '['
    let last = ''
    for (const item of items.slice(0, maxItems)) {
      if (this.text.length > maxLength) break
      const start = this.text.length
      this.write(item, depth + 1)
      const shape = this.text.slice(start)
      if (shape === last) this.text = this.text.slice(0, start)
      else if (last !== '') this.text = `${this.text.slice(0, start)}, ${shape}`
      last = shape
    }
    this.text += ']'
  }
}

// Quotes in a name would end it early; whether the rest of it may be shown is for the redactor to say.
function nameOf(key: unknown): string {
  const name = String(key)
  return name.length > maxKeyLength || /["\\]/.test(name) ? '?' : name
}

// Not of a class, such as ObjectId, Date, RegExp or a buffer: these are values.
function isDocument(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null
  if (prototype === null || prototype === Object.prototype) return true
  const isValue = value instanceof Date || value instanceof RegExp || ArrayBuffer.isView(value)
  return !isValue && !('_bsontype' in value)
}
