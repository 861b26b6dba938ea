/** What is read of a span of an OpenTelemetry SDK, 2.x or 3.x: the parts of its ReadableSpan. Foreign all the same. */
export interface SdkSpan {
  readonly name: string
  readonly kind: number
  readonly spanContext: () => unknown
  readonly parentSpanContext?: unknown
  /** Seconds and nanoseconds since 1970. */
  readonly startTime: readonly [number, number]
  readonly endTime: readonly [number, number]
  readonly status: { readonly code: number; readonly message?: string }
  readonly attributes: Readonly<Record<string, unknown>>
  readonly links: readonly { readonly context: unknown }[]
  readonly events: readonly {
    readonly name: string
    readonly time: readonly [number, number]
    readonly attributes?: Readonly<Record<string, unknown>>
  }[]
  readonly resource: SdkResource
  readonly instrumentationScope: { readonly name: string; readonly version?: string }
  readonly droppedAttributesCount: number
  readonly droppedEventsCount: number
  readonly droppedLinksCount: number
}

export interface SdkResource {
  readonly attributes: Readonly<Record<string, unknown>>
  /** Parts of it are still being found out; to read it now would make the SDK complain. */
  readonly asyncAttributesPending?: boolean
}

/** OpenTelemetry's SpanProcessor, as the SDKs 2.x and 3.x call it. */
export interface SpanProcessor {
  onStart(span: SdkSpan, parentContext: unknown): void
  onEnd(span: SdkSpan): void
  forceFlush(): Promise<void>
  shutdown(): Promise<void>
}
