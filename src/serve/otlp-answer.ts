import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Refusal } from './gate.ts'
import { setDataHeaders } from './headers.ts'
import type { IngestFormat, Taken } from './ingest-protocols.ts'
import { bytesField, textField, varintField } from './protobuf-fields.ts'
import { sendBody, sendJson } from './respond.ts'

/** ExportTraceServiceResponse: empty, or a partial success. */
export function sendTaken(
  req: IncomingMessage,
  res: ServerResponse,
  format: IngestFormat,
  taken: Taken
): void {
  if (format === 'otlp-protobuf') return sendProtobuf(req, res, 200, protobufOf(taken))
  // A 64-bit number is a string in protobuf's JSON.
  const partialSuccess = { rejectedSpans: String(taken.rejected), errorMessage: taken.message }
  sendJson(req, res, 200, isWhole(taken) ? {} : { partialSuccess })
}

/** ExportTraceServiceResponse as protobuf. */
export function protobufOf(taken: Taken): Buffer {
  if (isWhole(taken)) return Buffer.alloc(0)
  const { rejected, message } = taken
  return bytesField(1, Buffer.concat([varintField(1, rejected), textField(2, message)]))
}

// A partial success of nothing rejected and nothing said is to be left out.
function isWhole({ rejected, message }: Taken): boolean {
  return rejected === 0 && message === ''
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
