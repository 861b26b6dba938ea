import { BadBody, maxSpans, type Range } from '../../trace/bounded-body.ts'
import { JsonPieces } from '../../trace/json-pieces.ts'

/** Where the spans and processes of one trace are in a body. */
export interface TraceOutline {
  readonly spans: Range[]
  /** By the name that spans call them by, as it is written. */
  readonly processes: Map<string, Range>
}

type Role = 'answer' | 'traces' | 'trace' | 'spans' | 'processes'

/** Finds the spans of Jaeger's JSON: an answer of its API, a file of its user interface, or a trace or a list of them alone. */
export class JaegerOutline extends JsonPieces<Role> {
  readonly traces: TraceOutline[] = []
  /** Spans beyond those that one body may have. */
  tooMany = 0
  #spans = 0
  #trace: TraceOutline | undefined
  /** Of the process that the walk is in; undefined in a span. */
  #process: string | undefined
  readonly #maxSpans: number

  constructor(body: Buffer, spans: number = maxSpans) {
    super(body, spans)
    this.#maxSpans = spans
  }

  finish(): this {
    const around = this.rest()
    if (typeof around !== 'object' || around === null || this.traces.length === 0)
      throw new BadBody('the body holds no trace of Jaeger')
    return this
  }

  protected open(parent: Role | undefined, isObject: boolean): Role | undefined {
    return isObject ? this.#object(parent) : this.#list(parent)
  }

  #object(parent: Role | undefined): Role | undefined {
    if (this.isBody) return 'answer'
    switch (parent) {
      case 'traces':
        this.#trace = undefined
        return 'trace'
      case 'answer':
      case 'trace':
        return this.key === 'processes' ? 'processes' : undefined
      case 'spans':
        this.#process = undefined
        this.enter()
        return undefined
      case 'processes':
        this.#process = this.key
        this.enter()
        return undefined
      default:
        return undefined
    }
  }

  #list(parent: Role | undefined): Role | undefined {
    if (this.isBody || (parent === 'answer' && this.key === 'data')) return 'traces'
    if ((parent !== 'answer' && parent !== 'trace') || this.key !== 'spans') return undefined
    this.#own()
    return 'spans'
  }

  protected leave(range: Range): void {
    const { spans, processes } = this.#own()
    if (this.#process !== undefined) {
      if (processes.size < maxSpans) processes.set(this.#process, range)
    } else if (++this.#spans > this.#maxSpans) this.tooMany++
    else spans.push(range)
  }

  // Made when there is something in it: a body may hold a million empty ones.
  #own(): TraceOutline {
    if (this.#trace !== undefined) return this.#trace
    if (this.traces.length >= maxSpans) throw new BadBody(`more than ${maxSpans} traces`)
    this.#trace = { spans: [], processes: new Map() }
    this.traces.push(this.#trace)
    return this.#trace
  }
}
