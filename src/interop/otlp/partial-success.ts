import { ProtobufReader } from '../../trace/protobuf-reader.ts'

// `partialSuccess.rejectedSpans` of an ExportTraceServiceResponse, which may hold anything.

export function rejectedInJson(answer: Buffer): number {
  const text = answer.toString('utf8')
  return Number(/"rejectedSpans"\s*:\s*"?(\d{1,9})/.exec(text)?.[1] ?? 0)
}

export function rejectedInProtobuf(answer: Buffer): number {
  try {
    return readResponse(new ProtobufReader(answer))
  } catch {
    return 0
  }
}

function readResponse(reader: ProtobufReader): number {
  let rejected = 0
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 10) rejected = reader.message(readPartialSuccess)
    else reader.skip(tag)
  }
  return rejected
}

function readPartialSuccess(reader: ProtobufReader): number {
  let rejected = 0
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 8) rejected = Number(reader.int64())
    else reader.skip(tag)
  }
  return Number.isSafeInteger(rejected) ? Math.max(0, rejected) : 0
}
