import { detach } from '../base/limits.ts'
import type { TraceState } from '../base/span-context.ts'
import { trimOws } from './whitespace.ts'

/** W3C Trace Context level 2, sections 3.3.1.1 and 3.3.1.5. */
const maxMembers = 32
const maxLength = 512
const largeMember = 128
const maxMemberLength = 256 + 1 + 256

const keyShape = /^[a-z0-9][a-z0-9_\-*/@]{0,255}$/
const valueShape = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/

/**
 * Reads a `tracestate` header, several of them joined by commas. Undefined when it has no entry, more than 32, or an illegal one: then
 * the whole list is dropped, as section 3.3.1.3 advises. Of entries with the same key the first, the newest, stays.
 */
export function parseTraceState(header: string): TraceState | undefined {
  const members: string[] = []
  const keys = new Set<string>()
  let count = 0
  for (let start = 0, comma = 0; comma >= 0; start = comma + 1) {
    comma = header.indexOf(',', start)
    const member = trimOws(header.slice(start, comma < 0 ? header.length : comma))
    if (member === '') continue
    const key = readKey(member)
    if (key === undefined || ++count > maxMembers) return undefined
    if (!keys.has(key)) members.push(member)
    keys.add(key)
  }
  return members.length === 0 ? undefined : new HeaderTraceState(members)
}

/**
 * The header for a list; '' when there is nothing to send. A context may hold another copy's TraceState or one of user code: what that
 * prints is read again before it is sent.
 */
export function serializeTraceState(state: TraceState | undefined): string {
  if (state instanceof HeaderTraceState) return state.serialize()
  try {
    const text: unknown = state?.serialize()
    return typeof text === 'string' ? (parseTraceState(text)?.serialize() ?? '') : ''
  } catch {
    return ''
  }
}

function readKey(member: string): string | undefined {
  if (member.length > maxMemberLength) return undefined
  const equals = member.indexOf('=')
  const key = member.slice(0, Math.max(0, equals))
  return keyShape.test(key) && valueShape.test(member.slice(equals + 1)) ? key : undefined
}

/**
 * Holds its header text only: most lists are passed on and never asked, and the text, being a copy, keeps no request's headers alive.
 */
class HeaderTraceState implements TraceState {
  readonly #text: string

  constructor(members: readonly string[]) {
    this.#text = detach(withinLength(members).join(','))
  }

  get(key: string): string | undefined {
    const prefix = `${key}=`
    return this.#members()
      .find((member) => member.startsWith(prefix))
      ?.slice(prefix.length)
  }

  /** The list with the entry at its left, where the newest stands; unchanged when key or value break the grammar. */
  set(key: string, value: string): TraceState {
    if (!keyShape.test(key) || !valueShape.test(value)) return this
    return new HeaderTraceState([`${key}=${value}`, ...this.#without(key)].slice(0, maxMembers))
  }

  unset(key: string): TraceState {
    return new HeaderTraceState(this.#without(key))
  }

  serialize(): string {
    return this.#text
  }

  #members(): string[] {
    return this.#text === '' ? [] : this.#text.split(',')
  }

  #without(key: string): string[] {
    return this.#members().filter((member) => !member.startsWith(`${key}=`))
  }
}

// Section 3.3.1.5: a list over 512 characters may be dropped whole by the next receiver. Entries leave whole: first those over 128
// characters, then from the right, the oldest.
function withinLength(members: readonly string[]): readonly string[] {
  let length = members.length - 1
  for (const member of members) length += member.length
  if (length <= maxLength) return members
  const kept = [...members]
  for (let large = 1; large >= 0; large--) {
    for (let i = kept.length - 1; i >= 0 && length > maxLength; i--) {
      const member = kept[i] as string
      if (large === 1 && member.length <= largeMember) continue
      length -= member.length + 1
      kept.splice(i, 1)
    }
  }
  return kept
}
