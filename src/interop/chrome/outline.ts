import { BadBody, maxSpans, maxValues, type Range } from '../../trace/bounded-body.ts'
import { JsonPieces } from '../../trace/json-pieces.ts'

type Role = 'file' | 'events'

/** Finds the events of a trace file, which is `{ "traceEvents": [...] }` or the list alone. */
export class ChromeOutline extends JsonPieces<Role> {
  readonly events: Range[] = []
  readonly #most: number
  #found = false

  /** As many of them as spans, where those are more than one request may have. */
  constructor(body: Buffer, spans: number = maxSpans) {
    super(body, spans)
    this.#most = Math.max(maxValues, spans)
  }

  /** What stands around the events. */
  finish(): unknown {
    const around = this.rest()
    if (!this.#found) throw new BadBody('the body holds no trace events')
    return around
  }

  protected open(parent: Role | undefined, isObject: boolean): Role | undefined {
    if (isObject && this.isBody) return 'file'
    if (!isObject && (this.isBody || (parent === 'file' && this.key === 'traceEvents'))) {
      this.#found = true
      return 'events'
    }
    if (isObject && parent === 'events') this.enter()
    return undefined
  }

  protected leave(range: Range): void {
    if (this.events.length >= this.#most) throw new BadBody(`more than ${this.#most} events`)
    this.events.push(range)
  }
}
