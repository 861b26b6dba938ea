import { SpanKind, StatusCode } from '../base/span-data.ts'
import type { Attributes } from '../base/attributes.ts'
import { activeContext, type Context } from '../context/context.ts'
import { get, readError } from '../span/exception.ts'
import { Span } from '../span/span.ts'
import type { Exchange } from './exchange.ts'

/** What the spans of a layer have in common; made once for each layer, not for each request. */
export interface LayerSpan {
  readonly name: string
  readonly attributes: Readonly<Attributes>
}

type Place = Partial<Pick<OpenLayer, 'mount' | 'next' | 'routeNext'>>

const internalSpan = { kind: SpanKind.internal, named: true } as const

/** A middleware, router or handler that a request is in, and its span. */
export class OpenLayer {
  readonly span: Span
  /** In which the layer runs. */
  readonly context: Context
  /** In which what comes after it runs. */
  readonly enclosing: Context
  /** Where a router hangs, by its pattern; of what is in a router, that router's. */
  readonly mount: string
  /** What the layer was given to go on by: one function for all layers of a router's run, or of a route's. */
  readonly next: unknown
  /** The same of the route that it is in. */
  readonly routeNext: unknown
  readonly exchange: Exchange
  /** The layer around it. */
  outer: OpenLayer | undefined
  #open = true

  constructor(
    exchange: Exchange,
    span: Span,
    enclosing: Context,
    { mount, next, routeNext }: Place
  ) {
    this.exchange = exchange
    this.span = span
    this.enclosing = enclosing
    this.context = enclosing.withSpan(span)
    this.mount = mount ?? ''
    this.next = next
    this.routeNext = routeNext
    this.outer = exchange.layer
    exchange.layer = this
  }

  get open(): boolean {
    return this.#open
  }

  end(): void {
    if (!this.#open) return
    this.#open = false
    const { exchange } = this
    if (exchange.layer === this) exchange.layer = this.outer
    else {
      let inner = exchange.layer
      while (inner !== undefined && inner.outer !== this) inner = inner.outer
      if (inner !== undefined) inner.outer = this.outer
    }
    this.outer = undefined
    this.span.end()
  }

  /** Records what the layer threw or passed on, unless a layer inside of it has done so. */
  failed(error: unknown): void {
    if (!this.#open || !this.exchange.meets(error)) return
    const { span } = this
    span.recordException(error)
    if (isAnswer(error)) return
    const { type, message } = readError(error)
    span.put('error.type', type)
    span.setStatus({ code: StatusCode.error, message })
  }

  /** Whether a span is this layer's or that of a layer inside of it. */
  holds(span: object | undefined): boolean {
    if (!this.#open) return span === this.span
    for (let layer = this.exchange.layer; layer !== undefined; layer = layer.outer) {
      if (layer.span === span) return true
      if (layer === this) return false
    }
    return false
  }
}

/** Begins the span of a layer; undefined when it is not recorded. */
export function openLayer(
  exchange: Exchange,
  { name, attributes }: LayerSpan,
  place: Place,
  enclosing: Context = activeContext()
): OpenLayer | undefined {
  const span = exchange.layers?.start(name, internalSpan, enclosing)
  if (!(span instanceof Span)) return undefined
  span.begin(attributes.slice())
  return new OpenLayer(exchange, span, enclosing, place)
}

// A 404 that is thrown is no failure, as it is none of the server span either.
function isAnswer(error: unknown): boolean {
  const status = get(error, 'status') ?? get(error, 'statusCode')
  return typeof status === 'number' && status >= 400 && status < 500
}

const own: unique symbol = Symbol.for('spanlight.own') as never

/** Marks a middleware of this package, of whichever copy: it is no layer of the host's. */
export function ours<F extends object>(fn: F): F {
  return Object.defineProperty(fn, own, { value: true })
}

export function isOurs(fn: unknown): boolean {
  return typeof fn === 'function' && own in fn
}
