import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { Refusal } from './gate.ts'

const inflate = promisify(gunzip)

/** Bytes of a body. 521,845 bytes of gzip hold 512 MiB, and inflating them blocks for a second. */
export interface BodyLimits {
  /** As sent, where it is not compressed. */
  readonly plain: number
  /** As sent, where it is. */
  readonly gzipped: number
  readonly inflated: number
}

const mebibyte = 1024 * 1024
/** 512 spans, which OpenTelemetry's SDKs send at once and most of them uncompressed, are 0.3 MiB of protobuf and often more than one of JSON. */
const spansAtOnce: BodyLimits = {
  plain: 4 * mebibyte,
  gzipped: mebibyte,
  inflated: 4 * mebibyte
}

/**
 * The whole body, inflated; or what to answer instead. Where the host's own parser was here first, what it made of the body.
 * A file that is compressed itself is inflated, too. Never rejects, and waits `timeoutMs` at most.
 */
export async function readBody(
  req: IncomingMessage,
  timeoutMs: number,
  limits: BodyLimits = spansAtOnce
): Promise<Buffer | Refusal> {
  if (req.readableDidRead || req.readableEnded || req.destroyed) return parsedBody(req, limits)
  const encoding = (req.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  if (encoding !== 'identity' && encoding !== 'gzip')
    return refuse(415, 'this content encoding is not taken', 'send gzip or none')
  const most = encoding === 'gzip' ? limits.gzipped : limits.plain
  const said = Number(req.headers['content-length'] ?? 0)
  if (said > most) {
    // Read and thrown away until the answer is out: bytes that nobody reads turn it into a reset.
    req.resume()
    return tooLarge(limits)
  }
  const body = await collect(req, timeoutMs, encoding === 'gzip', limits, said)
  const compressed = encoding === 'gzip' || (Buffer.isBuffer(body) && isGzip(body))
  return Buffer.isBuffer(body) && compressed ? inflated(body, limits) : body
}

/** What a gzip holds; or what to answer instead. */
export async function inflated(
  body: Buffer,
  limits: BodyLimits = spansAtOnce
): Promise<Buffer | Refusal> {
  try {
    return await inflate(body, {
      maxOutputLength: limits.inflated,
      chunkSize: sizeOf(body, limits)
    })
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
      ? tooLarge(limits)
      : refuse(400, 'the body is not valid gzip')
  }
}

/** What the end of a gzip says of its size. Inflated in one piece, nothing has to be put together, which takes 20 ms for 32 MiB. */
function sizeOf(body: Buffer, { inflated }: BodyLimits): number {
  const said = body.length < 4 ? 0 : body.readUInt32LE(body.length - 4)
  return Math.min(inflated, Math.max(said, 16_384)) + 1
}

// express.json() and its like, mounted before us, leave the body here and an empty stream. They have inflated it already.
function parsedBody(req: IncomingMessage, limits: BodyLimits): Buffer | Refusal {
  const { body } = req as { body?: unknown }
  try {
    const bytes = Buffer.isBuffer(body)
      ? body
      : typeof body === 'string'
        ? Buffer.from(body)
        : typeof body === 'object' && body !== null
          ? Buffer.from(JSON.stringify(body))
          : undefined
    if (bytes !== undefined) return bytes.length > limits.inflated ? tooLarge(limits) : bytes
  } catch {
    // A parser's own objects may hold anything, circles too.
  }
  return refuse(
    400,
    'the body was read by something before this',
    'mount tracing() before body parsers'
  )
}

/** All of a stream that nobody has read from, up to the limit; never rejects. `said` is how many bytes it will have, where that is known. */
export function collect(
  req: Readable,
  timeoutMs: number,
  gzipped: boolean,
  limits: BodyLimits = spansAtOnce,
  said: number = 0
): Promise<Buffer | Refusal> {
  const most = gzipped ? limits.gzipped : limits.plain
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    // Each chunk gets its place at once: putting together 32 MiB in the end takes 20 ms.
    const whole = said > mebibyte ? Buffer.allocUnsafeSlow(said) : undefined
    let bytes = 0
    const finish = (result: Buffer | Refusal): void => {
      clearTimeout(timer)
      req.off('data', onData).off('end', onEnd).off('close', onClose)
      if (!Buffer.isBuffer(result)) req.resume()
      resolve(result)
    }
    const onData = (chunk: Buffer): void => {
      const at = bytes
      bytes += chunk.length
      if (bytes > (whole?.length ?? most)) finish(tooLarge(limits))
      else if (whole === undefined) chunks.push(chunk)
      else chunk.copy(whole, at)
    }
    const onEnd = (): void => finish(whole?.subarray(0, bytes) ?? Buffer.concat(chunks, bytes))
    const onClose = (): void => finish(refuse(400, 'the body ended too early'))
    const timer = setTimeout(() => finish(refuse(408, 'the body took too long')), timeoutMs).unref()
    req.on('data', onData).on('end', onEnd).on('close', onClose)
  })
}

function refuse(status: number, error: string, hint = ''): Refusal {
  return { ok: false, status, error, hint }
}

function tooLarge(limits: BodyLimits): Refusal {
  const [plain, gzipped, inflated] = [limits.plain, limits.gzipped, limits.inflated].map(
    (bytes) => `${bytes / mebibyte} MiB`
  )
  const hint = `at most ${plain}, or ${gzipped} of gzip with ${inflated} in it: send fewer spans at once`
  return refuse(413, 'the body is too large', hint)
}

// No JSON or protobuf of spans begins with these two.
export function isGzip(body: Buffer): boolean {
  return body[0] === 0x1f && body[1] === 0x8b
}
