import type { Resource } from '../base/span-data.ts'
import type { Wanted } from '../wire/query-spans.ts'
import type { ByteReader } from './bytes.ts'
import { scopeInPlace } from './definitions.ts'
import { skipIds } from './figures-reader.ts'
import { extra, impliedName, parentCode, severities } from './layout.ts'
import { fillRoute } from './routes.ts'
import type { Segment } from './segment.ts'
import { maxTextId, readText, skipText, textCode } from './strings.ts'
import type { Shape, TextReader } from './text-reader.ts'
import { readParameters, readValue, skipValue } from './values.ts'

/** A shape, and which of its keys are wanted. */
interface Plan {
  readonly shape: Shape
  readonly wanted: readonly number[]
}

const unknown = 0
const passes = 1
const fails = 2

/**
 * Looks for a value in the bytes of records: makes neither spans nor texts, but of the values in question. What a text with an id is
 * worth is found out once per segment. 0.2 us a span, a fifth of what decoding it takes.
 */
export class ValueScan {
  readonly #wanted: Wanted
  readonly #from: ByteReader
  readonly #texts: TextReader
  readonly #text = (): string => this.#texts.read()
  /** Names, messages and log lines count, too. */
  readonly #anywhere: boolean
  readonly #spanId: Buffer | undefined
  // Of the segment that was looked at last.
  #segment: Segment | undefined
  #first = 0
  readonly #plans: Plan[] = []
  readonly #byId = new Uint8Array(maxTextId)
  #resource: Resource | undefined
  #resourceHolds = false

  /** Reads where `from` is, texts of the segment that `texts` is at. */
  constructor(wanted: Wanted, from: ByteReader, texts: TextReader) {
    this.#wanted = wanted
    this.#anywhere = wanted.keys === undefined
    this.#spanId = wanted.spanId === undefined ? undefined : Buffer.from(wanted.spanId, 'hex')
    this.#from = from
    this.#texts = texts
  }

  /** Whether one of the record's spans has such a value; its resource is next. */
  finds(spans: number): boolean {
    const { segment } = this.#texts
    if (segment !== this.#segment || segment.first !== this.#first) this.#enter(segment)
    if (this.#inResource()) return true
    for (let left = spans; left > 0; left--) if (this.#inSpan(left === 1)) return true
    return false
  }

  #enter(segment: Segment): void {
    this.#segment = segment
    this.#first = segment.first
    this.#plans.length = 0
    this.#byId.fill(unknown)
  }

  #inResource(): boolean {
    const resource = this.#texts.resource(this.#from.varint())
    if (resource === this.#resource) return this.#resourceHolds
    const { keys = [], test } = this.#wanted
    const { service, attributes } = resource
    let holds = keys.includes('service.name') && test(service)
    for (let i = 0; i + 1 < attributes.length; i += 2)
      holds ||= keys.includes(String(attributes[i]).toLowerCase()) && test(attributes[i + 1])
    this.#resource = resource
    return (this.#resourceHolds = holds)
  }

  // Behind the last span nothing is asked for, so its rest need not be passed.
  #inSpan(last: boolean): boolean {
    const from = this.#from
    const first = from.byte()
    const second = from.byte()
    const extras = (second & 4) === 0 ? 0 : from.byte()
    // The root's name may follow from its attributes; it is asked for with the rest of the trace's line.
    if (from.bytes[from.at] === impliedName) from.at++
    else if (this.#inText()) return true
    from.signed()
    from.signed()
    if (this.#isWanted(first & parentCode.mask)) return true
    skipIds(from, first & parentCode.mask)
    if (second >> 3 === scopeInPlace) this.#texts.scope(from.varint())
    if (this.#inAttributes(last && extras === 0)) return true
    return extras !== 0 && this.#inExtras(extras)
  }

  // Whether the span that has its ids here is looked for by its id; stays where it is.
  #isWanted(parent: number): boolean {
    const { bytes, at } = this.#from
    if (this.#spanId === undefined) return false
    if (parent !== parentCode.texts) return this.#spanId.compare(bytes, at, at + 8) === 0
    this.#from.at++
    const found = this.#texts.read() === this.#wanted.spanId
    this.#from.at = at
    return found
  }

  #inExtras(extras: number): boolean {
    const from = this.#from
    if ((extras & extra.flags) !== 0) from.signed()
    if ((extras & extra.dropped) !== 0) for (let i = 0; i < 3; i++) from.varint()
    if ((extras & extra.traceState) !== 0) skipText(from)
    if ((extras & extra.statusMessage) !== 0 && this.#inText()) return true
    if ((extras & extra.events) !== 0)
      for (let left = from.varint(); left > 0; left--) {
        from.signed()
        if (this.#inText() || this.#inAttributes(false)) return true
      }
    if ((extras & extra.links) !== 0)
      for (let left = from.varint(); left > 0; left--) {
        if (from.byte() === 1) from.at += 24
        else for (let i = 0; i < 2; i++) skipText(from)
        skipText(from)
        this.#skipAttributes()
      }
    if ((extras & extra.logs) !== 0)
      for (let left = from.varint(); left > 0; left--) {
        from.signed()
        if (this.#inLog(severities[from.byte()] ?? 'info')) return true
      }
    return false
  }

  #inLog(severity: string): boolean {
    const { severity: wanted } = this.#wanted
    if (wanted?.(severity) ?? this.#anywhere) return this.#testText() || this.#inAnyAttribute()
    skipText(this.#from)
    this.#skipAttributes()
    return false
  }

  #inAnyAttribute(): boolean {
    const code = this.#from.varint()
    if (code === 0) return false
    const shape = this.#texts.shape(code)
    const values = this.#from.at
    return shape.keys.some(() => this.#testValue(shape, values))
  }

  // Whether the text that comes next passes, when texts that are no attributes count.
  #inText(): boolean {
    if (this.#anywhere) return this.#testText()
    skipText(this.#from)
    return false
  }

  #inAttributes(last: boolean): boolean {
    const from = this.#from
    const code = from.varint()
    if (code === 0) return false
    const { shape, wanted } = this.#planOf(code)
    const values = from.at
    let next = 0
    for (const index of wanted) {
      for (; next < index; next++) skipValue(from)
      if (this.#testValue(shape, values)) return true
      next++
    }
    if (!last) for (; next < shape.keys.length; next++) skipValue(from)
    return false
  }

  #skipAttributes(): void {
    const code = this.#from.varint()
    if (code === 0) return
    for (let left = this.#texts.shape(code).keys.length; left > 0; left--) skipValue(this.#from)
  }

  #planOf(code: number): Plan {
    const known = this.#plans[code]
    if (known !== undefined) return known
    const shape = this.#texts.shape(code)
    const wanted: number[] = []
    for (const [i, key] of shape.keys.entries())
      if (this.#wanted.keys?.includes(key.toLowerCase()) ?? true) wanted.push(i)
    const plan = { shape, wanted }
    // 1 is a shape that stands in place, each time another one.
    if (code > 1) this.#plans[code] = plan
    return plan
  }

  #testValue(shape: Shape, values: number): boolean {
    const from = this.#from
    if ((from.bytes[from.at] as number) < textCode.short) return this.#testText()
    const parameters = readParameters(from, this.#text)
    if (parameters === undefined) return this.#wanted.test(readValue(from, this.#text))
    const end = from.at
    from.at = values
    for (let left = shape.slots.route; left > 0; left--) skipValue(from)
    const route = readValue(from, this.#text) as string
    from.at = end
    return this.#wanted.test(fillRoute(route, parameters))
  }

  #testText(): boolean {
    const from = this.#from
    const first = from.bytes[from.at] as number
    if (first >= textCode.short) return this.#wanted.test(this.#texts.read())
    from.at++
    if (first < textCode.wideId) return this.#testId(first)
    return this.#testId(128 + ((first - textCode.wideId) << 8) + from.byte())
  }

  #testId(id: number): boolean {
    const known = this.#byId[id]
    if (known !== unknown) return known === passes
    const { bytes } = this.#texts.segment
    const found = this.#wanted.test(readText(bytes, this.#texts.segment.textPlace(id)))
    this.#byId[id] = found ? passes : fails
    return found
  }
}
