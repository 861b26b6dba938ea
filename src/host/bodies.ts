import type { IncomingMessage, ServerResponse } from 'node:http'
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import type { Guard } from '../base/safely.ts'
import type { Redactor } from '../redact/redactor.ts'
import type { Span } from '../span/span.ts'
import { overlayMethod } from '../watch/patch.ts'
import { read } from './read.ts'
import type { HeaderOf } from './response.ts'

/** Bytes of a body that are read, before and after it is unpacked: more is not understood in a moment, and half of it not at all. */
const maxRead = 65_536

/** What went by of the bodies of one exchange. The host's streams are looked at as they pass: nothing is read, held back or changed. */
export class Bodies {
  readonly #request = new Passing()
  readonly #response = new Passing()
  readonly #guard: Guard

  constructor(guard: Guard) {
    this.#guard = guard
  }

  /** A chunk as the request emits it. */
  request(chunk: unknown): void {
    this.#guard(() => this.#request.take(chunk, undefined))
  }

  /** Looks at what is written to the response, compressed where a middleware compresses it. */
  follow(res: ServerResponse): void {
    // HTTP/2's `end` calls `write` for its last chunk.
    let ending = false
    overlayMethod(res, 'write', (original, self, args) => {
      if (!ending) this.#guard(() => this.#response.take(args[0], args[1]))
      return Reflect.apply(original, self, args)
    })
    overlayMethod(res, 'end', (original, self, args) => {
      this.#guard(() => this.#response.take(args[0], args[1]))
      ending = true
      return Reflect.apply(original, self, args)
    })
  }

  /** Gives the span what was sent and answered; `header` finds those of the response. */
  describe(span: Span, req: IncomingMessage, header: HeaderOf, redactor: Redactor): void {
    const headers = read(req, 'headers')
    keep(span, 'request', this.#request, (name) => headers[name], redactor)
    keep(span, 'response', this.#response, header, redactor)
  }
}

/** One body, as far as it is looked at. */
class Passing {
  readonly #chunks: Buffer[] = []
  #size = 0

  get size(): number {
    return this.#size
  }

  take(chunk: unknown, encoding: unknown): void {
    const bytes =
      typeof chunk === 'string'
        ? Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
        : chunk instanceof Uint8Array
          ? chunk
          : undefined
    if (bytes === undefined) return
    this.#size += bytes.length
    // A copy: the host may use its buffer again.
    if (this.#size <= maxRead) this.#chunks.push(Buffer.from(bytes))
    else this.#chunks.length = 0
  }

  /** The whole of it; undefined when it was too long. */
  whole(): Buffer | undefined {
    return this.#size <= maxRead ? Buffer.concat(this.#chunks) : undefined
  }
}

function keep(
  span: Span,
  side: 'request' | 'response',
  passing: Passing,
  header: HeaderOf,
  redactor: Redactor
): void {
  if (passing.size === 0) return
  span.put(`http.${side}.body.size`, passing.size)
  const type = String(header('content-type') ?? '')
  const bytes = passing.whole()
  const plain = bytes && unpacked(bytes, String(header('content-encoding') ?? ''))
  const shown = plain && redactor.body(plain.toString('utf8'), type)
  span.put(`http.${side}.body.content`, shown ?? missing(bytes, plain, type))
}

function missing(bytes: Buffer | undefined, plain: Buffer | undefined, type: string): string {
  if (bytes === undefined) return '[not kept: longer than 64 KiB]'
  if (plain === undefined)
    return '[not kept: longer than 64 KiB when unpacked, or packed by other means]'
  return type === '' ? '[not kept: of no type]' : '[not kept: neither JSON nor a form]'
}

// By names that a stranger may choose: no object, which has a `constructor`, too.
const unpack: ReadonlyMap<string, (bytes: Buffer, options: object) => Buffer> = new Map([
  ['gzip', gunzipSync],
  ['br', brotliDecompressSync],
  ['deflate', inflateSync]
])

function unpacked(bytes: Buffer, encoding: string): Buffer | undefined {
  if (encoding === '' || encoding === 'identity') return bytes
  try {
    // A few kilobytes can be made of gigabytes.
    return unpack.get(encoding)?.(bytes, { maxOutputLength: maxRead })
  } catch {
    return undefined
  }
}
