import type { AttributeValue } from '../../base/attributes.ts'
import { count, text } from '../../base/fields.ts'
import { type SpanKind, StatusCode } from '../../base/span-data.ts'
import { spanKinds } from '../../wire/trace.ts'
import { statusNames, tagNames } from './tags.ts'

const textual: ReadonlySet<string> = new Set([
  tagNames.kind,
  tagNames.scopeName,
  tagNames.scopeVersion,
  tagNames.status,
  tagNames.statusMessage,
  tagNames.traceState
])
const counts: ReadonlySet<string> = new Set([
  tagNames.droppedAttributes,
  tagNames.droppedEvents,
  tagNames.droppedLinks
])
const oldNames: ReadonlyMap<string, string> = new Map([
  ['otel.library.name', tagNames.scopeName],
  ['otel.library.version', tagNames.scopeVersion]
])

/** Tags that a span has a field for, each the first of its name. */
export class OwnTags {
  readonly #taken = new Map<string, AttributeValue>()

  /** False where it is a tag like others. */
  take(key: string, value: AttributeValue): boolean {
    const name = oldNames.get(key) ?? key
    // A kind or status that is none of ours is kept as it came.
    const isOwn =
      name === tagNames.kind
        ? spanKinds.includes(value as 'internal')
        : name === tagNames.status
          ? value === 'OK' || value === 'ERROR'
          : name === tagNames.error
            ? value === true || value === 'true'
            : (textual.has(name) && typeof value === 'string') ||
              (counts.has(name) && typeof value === 'number')
    if (!isOwn || this.#taken.has(name)) return false
    this.#taken.set(name, value)
    return true
  }

  text(name: string): string {
    return text(this.#taken.get(name))
  }

  count(name: string): number {
    return count(this.#taken.get(name))
  }

  get kind(): SpanKind {
    return Math.max(0, spanKinds.indexOf(this.text(tagNames.kind) as 'internal')) as SpanKind
  }

  get status(): StatusCode {
    if (this.#taken.has(tagNames.error)) return StatusCode.error
    return Math.max(0, statusNames.indexOf(this.text(tagNames.status) as 'OK')) as StatusCode
  }
}
