import type { TraceRecord } from '../../base/span-data.ts'

/** How spans are written for whoever takes them. The composition root hands it in: nothing in this folder knows a format. */
export interface ExportFormat {
  readonly contentType: string
  /** The body of one request. Called when a batch is sent, not when a request of the host ends: that must not pay for it. */
  readonly body: (
    records: readonly TraceRecord[]
  ) => string | Uint8Array | Promise<string | Uint8Array>
  /** How many spans an answer of success says that it did not take; without it, none. The answer may hold anything. */
  readonly rejected?: (answer: Buffer) => number
}

/** One request as it is about to leave. Its body is compressed already, where it is compressed. */
export interface ExportRequest {
  readonly method: 'POST'
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/**
 * Headers to add to a request, such as a signature or a token that expires. Asked for each try; `refused` where the other side has just turned
 * away what was given for the same request. One that rejects, or takes longer than the destination's timeout, is a failed try.
 */
export type Authorize = (
  request: ExportRequest,
  refused?: boolean
) => Promise<Readonly<Record<string, string>>>

/** Certificates as PEM; without them, Node's own authorities and no certificate of ours. */
export interface TlsSettings {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

/** Somewhere that spans are sent to, and all that is to be known for it. */
export interface Destination {
  /** The whole address that is posted to, `/v1/traces` and the like included; http or https. */
  readonly url: string
  readonly transport: 'http' | 'grpc'
  readonly format: ExportFormat
  readonly headers: Readonly<Record<string, string>>
  /** Milliseconds that one request may take. */
  readonly timeoutMs: number
  readonly compression: 'gzip' | 'none'
  readonly tls?: TlsSettings | undefined
  readonly authorize?: Authorize | undefined
  /** Spans and characters, about, of one request. @default 512 and 1 MiB */
  readonly maxBatch?: { readonly spans?: number; readonly weight?: number } | undefined
}

/** What became of one request. */
export interface Delivery {
  /**
   * `stale` is a kept connection that the other side had closed: nothing was sent, and nothing is wrong. `too large` may be sent again in
   * smaller parts, `unauthorized` once more with other credentials, where there are others.
   */
  readonly outcome: 'sent' | 'retry' | 'refused' | 'unauthorized' | 'stale' | 'too large'
  /** In words, for a line of output. */
  readonly why: string
  /** What the answer asked to be waited for; undefined without such a wish. */
  readonly retryAfterMs?: number | undefined
  /** Beginning of the answer's body. */
  readonly answer?: Buffer
}

/** The way that a request takes. */
export interface Transport {
  /** What is to be sent for a body, which is gzipped or not. */
  request(body: Buffer, gzipped: boolean): ExportRequest
  /**
   * Sends it and tells what became of it. Never keeps the process alive, ends in time whatever the other side does, and rejects only where
   * nothing can be sent at all.
   */
  send(request: ExportRequest, signal: AbortSignal): Promise<Delivery>
  close(): void
}
