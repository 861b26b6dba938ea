import type { Readable } from 'node:stream'
import { collect, inflated } from '../body.ts'
import type { Refusal } from '../gate.ts'

/** A byte that says whether the message is compressed, and four of its length: "Length-Prefixed-Message" of gRPC over HTTP/2. */
const prefixBytes = 5

/** What `grpc-encoding` may say, as `grpc-accept-encoding` lists it. */
export const encodings: readonly string[] = ['identity', 'gzip']

/** The one message of a unary call, inflated; or what to answer instead. Never rejects, and waits `timeoutMs` at most. */
export async function readMessage(
  stream: Readable,
  encoding: string,
  timeoutMs: number
): Promise<Buffer | Refusal> {
  const body = await collect(stream, timeoutMs, encoding === 'gzip')
  if (!Buffer.isBuffer(body)) return body
  if (body.length < prefixBytes) return invalid('the call has no message')
  const length = body.readUInt32BE(1)
  if (body.length !== prefixBytes + length)
    return invalid('the call does not have exactly one message of the length that it says')
  const message = body.subarray(prefixBytes)
  if (body[0] === 0) return message
  if (body[0] !== 1 || encoding === 'identity')
    return invalid('the message is compressed, and grpc-encoding does not say how')
  return inflated(message)
}

export function writeMessage(message: Buffer): Buffer {
  const prefix = Buffer.alloc(prefixBytes)
  prefix.writeUInt32BE(message.length, 1)
  return Buffer.concat([prefix, message])
}

function invalid(error: string): Refusal {
  return { ok: false, status: 400, error, hint: '' }
}
