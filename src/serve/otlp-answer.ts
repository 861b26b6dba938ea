import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Refusal } from './gate.ts'
import { setDataHeaders } from './headers.ts'
import type { IngestFormat, Taken } from './ingest-protocols.ts'
import { sendBody, sendJson } from './respond.ts'

/** ExportTraceServiceResponse: empty, or a partial success. */
export function sendTaken(
  req: IncomingMessage,
  res: ServerResponse,
  format: IngestFormat,
  { rejected, message }: Taken
): void {
  const all = rejected === 0 && message === ''
  if (format === 'otlp-protobuf') {
    const partialSuccess = Buffer.concat([varintField(1, rejected), textField(2, message)])
    return sendProtobuf(req, res, 200, all ? Buffer.alloc(0) : bytesField(1, partialSuccess))
  }
  // A 64-bit number is a string in protobuf's JSON.
  const partialSuccess = { rejectedSpans: String(rejected), errorMessage: message }
  sendJson(req, res, 200, all ? {} : { partialSuccess })
}

/** google.rpc.Status; as JSON with what the rest of the API has in its errors. Its code is left out, as OTLP allows: HTTP's says it. */
export function sendRefused(
  req: IncomingMessage,
  res: ServerResponse,
  format: IngestFormat | undefined,
  { status, error, hint }: Refusal
): void {
  const message = hint === '' ? error : `${error}: ${hint}`
  if (format === 'otlp-protobuf') return sendProtobuf(req, res, status, textField(2, message))
  sendJson(req, res, status, hint === '' ? { message, error } : { message, error, hint })
}

function sendProtobuf(
  req: IncomingMessage,
  res: ServerResponse,
  status: number,
  body: Buffer
): void {
  setDataHeaders(res)
  res.setHeader('Content-Type', 'application/x-protobuf')
  sendBody(req, res, status, body)
}

function varintField(field: number, value: number): Buffer {
  return Buffer.from([field << 3, ...varint(value)])
}

function textField(field: number, text: string): Buffer {
  return bytesField(field, Buffer.from(text, 'utf8'))
}

function bytesField(field: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(field << 3) | 2, ...varint(content.length)]), content])
}

function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  return [...bytes, rest]
}
