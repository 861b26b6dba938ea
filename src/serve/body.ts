import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { Refusal } from './gate.ts'

const inflate = promisify(gunzip)

/** Bytes of a body as sent, and inflated. 521,845 bytes of gzip hold 512 MiB, and inflating them blocks for a second. */
export const maxBodyBytes: number = 1024 * 1024
export const maxInflatedBytes: number = 4 * 1024 * 1024

/**
 * The whole body, inflated; or what to answer instead. Where the host's own parser was here first, what it made of the body.
 * Never rejects, and waits `timeoutMs` at most.
 */
export async function readBody(req: IncomingMessage, timeoutMs: number): Promise<Buffer | Refusal> {
  if (req.readableDidRead || req.readableEnded || req.destroyed) return parsedBody(req)
  const encoding = (req.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  if (encoding !== 'identity' && encoding !== 'gzip')
    return refuse(415, 'this content encoding is not taken', 'send gzip or none')
  if (Number(req.headers['content-length'] ?? 0) > maxBodyBytes) {
    // Read and thrown away until the answer is out: bytes that nobody reads turn it into a reset.
    req.resume()
    return tooLarge
  }
  const body = await collect(req, timeoutMs)
  return !Buffer.isBuffer(body) || encoding === 'identity' ? body : inflated(body)
}

/** What a gzip holds; or what to answer instead. */
export async function inflated(body: Buffer): Promise<Buffer | Refusal> {
  try {
    return await inflate(body, { maxOutputLength: maxInflatedBytes })
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
      ? tooLarge
      : refuse(400, 'the body is not valid gzip')
  }
}

// express.json() and its like, mounted before us, leave the body here and an empty stream. They have inflated it already.
function parsedBody(req: IncomingMessage): Buffer | Refusal {
  const { body } = req as { body?: unknown }
  try {
    const bytes = Buffer.isBuffer(body)
      ? body
      : typeof body === 'string'
        ? Buffer.from(body)
        : typeof body === 'object' && body !== null
          ? Buffer.from(JSON.stringify(body))
          : undefined
    if (bytes !== undefined) return bytes.length > maxInflatedBytes ? tooLarge : bytes
  } catch {
    // A parser's own objects may hold anything, circles too.
  }
  return refuse(
    400,
    'the body was read by something before this',
    'mount tracing() before body parsers'
  )
}

/** All of a stream that nobody has read from, up to `maxBodyBytes`; never rejects. */
export function collect(req: Readable, timeoutMs: number): Promise<Buffer | Refusal> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const finish = (result: Buffer | Refusal): void => {
      clearTimeout(timer)
      req.off('data', onData).off('end', onEnd).off('close', onClose)
      if (!Buffer.isBuffer(result)) req.resume()
      resolve(result)
    }
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length
      if (bytes > maxBodyBytes) finish(tooLarge)
      else chunks.push(chunk)
    }
    const onEnd = (): void => finish(Buffer.concat(chunks, bytes))
    const onClose = (): void => finish(refuse(400, 'the body ended too early'))
    const timer = setTimeout(() => finish(refuse(408, 'the body took too long')), timeoutMs).unref()
    req.on('data', onData).on('end', onEnd).on('close', onClose)
  })
}

function refuse(status: number, error: string, hint = ''): Refusal {
  return { ok: false, status, error, hint }
}

const tooLarge: Refusal = refuse(
  413,
  'the body is too large',
  'at most 1 MiB as sent and 4 MiB inflated: send fewer spans at once'
)
