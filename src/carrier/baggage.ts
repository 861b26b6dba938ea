import { detach } from '../base/limits.ts'
import { percentDecode, percentEncode } from './percent.ts'
import { trimOws } from './whitespace.ts'

/** OpenTelemetry's BaggageEntry. */
export interface BaggageEntry {
  readonly value: string
  readonly metadata?: { toString(): string } | undefined
}

/**
 * Over all header lines together. A receiver without such limits can be made to allocate megabytes with each request
 * (CVE-2026-29181); the figures are the ones of W3C Baggage's first edition, that all senders keep.
 */
export const maxLength = 8192
export const maxMembers = 180
const maxMemberLength = 4096

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const properties =
  /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+[ \t]*(?:=[ \t]*[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*[ \t]*)?$/

interface Member {
  readonly entry: BaggageEntry
  /** As it stands in the header; kept so that what passes through us leaves as it came. */
  readonly text: string
}

/** OpenTelemetry's Baggage, immutable. Its keys and values are decoded; what it serialises to is always a valid header. */
export class Baggage {
  readonly #members: ReadonlyMap<string, Member>

  constructor(members: ReadonlyMap<string, Member> = new Map()) {
    this.#members = members
  }

  getEntry(key: string): BaggageEntry | undefined {
    return this.#members.get(key)?.entry
  }

  getAllEntries(): [string, BaggageEntry][] {
    return [...this.#members].map(([key, member]) => [key, member.entry])
  }

  setEntry(key: string, entry: BaggageEntry): Baggage {
    return this.setEntries([[key, entry]])
  }

  /** Not of OpenTelemetry's interface: each entry set alone copies all of them. */
  setEntries(entries: readonly (readonly [string, BaggageEntry])[]): Baggage {
    const members = new Map(this.#members)
    for (const [key, entry] of entries) members.set(key, { entry, text: format(key, entry) })
    return new Baggage(members)
  }

  removeEntry(key: string): Baggage {
    return this.removeEntries(key)
  }

  removeEntries(...keys: string[]): Baggage {
    const members = new Map(this.#members)
    for (const key of keys) members.delete(key)
    return new Baggage(members)
  }

  clear(): Baggage {
    return new Baggage()
  }

  /** The header; '' when there is nothing to send. Entries that do not fit into the limits are left out whole. */
  serialize(): string {
    const texts: string[] = []
    let length = -1
    for (const { text } of this.#members.values()) {
      if (text === '' || text.length > maxMemberLength) continue
      if (length + 1 + text.length > maxLength || texts.length === maxMembers) break
      length += 1 + text.length
      texts.push(text)
    }
    return texts.join(',')
  }
}

/**
 * Reads a `baggage` header, several of them joined by commas. Undefined when it is over a limit or carries nothing; a member that breaks
 * the grammar is left out alone. Of members with the same key the last stays.
 */
export function parseBaggage(header: string): Baggage | undefined {
  if (header.length > maxLength) return undefined
  const parts = header.split(',', maxMembers + 1)
  if (parts.length > maxMembers) return undefined
  const members = new Map<string, Member>()
  for (const part of parts) {
    const text = trimOws(part)
    if (text.length > maxMemberLength) continue
    const found = parseMember(text)
    if (found !== undefined) members.set(found[0], { entry: found[1], text: detach(text) })
  }
  return members.size === 0 ? undefined : new Baggage(members)
}

/** The header for what the context holds: our Baggage, that of OpenTelemetry's API, or anything at all. */
export function serializeBaggage(value: unknown): string {
  if (value instanceof Baggage) return value.serialize()
  return new Baggage().setEntries(entriesOf(value)).serialize()
}

/** Entries of whatever the context holds; of one that is no baggage, none. */
export function entriesOf(value: unknown): readonly [string, BaggageEntry][] {
  try {
    const baggage = value as { getAllEntries?(): [string, BaggageEntry][] } | undefined
    return [...(baggage?.getAllEntries?.() ?? [])].filter(Array.isArray)
  } catch {
    return []
  }
}

export function isToken(text: string): boolean {
  return token.test(text)
}

function parseMember(text: string): [string, BaggageEntry] | undefined {
  const semicolon = text.indexOf(';')
  const pair = semicolon < 0 ? text : text.slice(0, semicolon)
  const metadata = semicolon < 0 ? '' : trimOws(text.slice(semicolon + 1))
  const equals = pair.indexOf('=')
  const key = trimOws(pair.slice(0, Math.max(0, equals)))
  const value = trimOws(pair.slice(equals + 1))
  if (!token.test(key) || !isValue(value)) return undefined
  if (semicolon >= 0 && !isMetadata(metadata)) return undefined
  return [detach(percentDecode(key)), entryOf(percentDecode(value), metadata)]
}

function entryOf(value: string, metadata: string): BaggageEntry {
  if (metadata === '') return { value: detach(value) }
  const text = detach(metadata)
  return { value: detach(value), metadata: { toString: () => text } }
}

// What user code set may be anything: a key that cannot be a token, properties that would inject further members.
function format(key: string, entry: BaggageEntry): string {
  if (key === '' || typeof entry?.value !== 'string') return ''
  const pair = `${percentEncode(key, isTokenCode)}=${percentEncode(entry.value, isValueCode)}`
  const metadata = printed(entry.metadata)
  return metadata === '' || !isMetadata(metadata) ? pair : `${pair};${metadata}`
}

function printed(metadata: BaggageEntry['metadata']): string {
  try {
    return metadata === undefined ? '' : trimOws(String(metadata))
  } catch {
    return ''
  }
}

function isMetadata(text: string): boolean {
  return text.split(';').every((part) => properties.test(trimOws(part)))
}

function isValue(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (!isValueCode(text.charCodeAt(i))) return false
  return true
}

/** baggage-octet: visible ASCII without the quote, comma, semicolon and backslash. */
function isValueCode(code: number): boolean {
  return (
    code > 0x20 && code < 0x7f && code !== 0x22 && code !== 0x2c && code !== 0x3b && code !== 0x5c
  )
}

function isTokenCode(code: number): boolean {
  return code < 0x7f && token.test(String.fromCharCode(code))
}
