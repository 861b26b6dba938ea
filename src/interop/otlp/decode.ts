import type { Scope } from '../../base/span-data.ts'
import { maxSpans } from '../../trace/bounded-body.ts'
import {
  readBody,
  type Received,
  ReceivedSpans,
  type ReceiveSetup,
  type Sender
} from '../../trace/received.ts'
import { getString } from '../../base/attributes.ts'
import { readIdentity, readSpan } from './decode-span.ts'
import { field, text } from '../../base/fields.ts'
import { json } from './json.ts'
import type { Format } from './outline.ts'
import { protobuf } from './protobuf.ts'
import { readAttributes } from './values.ts'

export type Encoding = 'json' | 'protobuf'

const formats: Readonly<Record<Encoding, Format>> = { json, protobuf }

/** Reads the body of an OTLP/HTTP trace request (ExportTraceServiceRequest), as a `Receive` does. */
export function decode(
  body: Uint8Array,
  encoding: Encoding,
  setup: ReceiveSetup
): ReturnType<typeof readBody> {
  return readBody(body, (bytes) => decodeRequest(bytes, formats[encoding], setup))
}

function* decodeRequest(
  body: Buffer,
  format: Format,
  setup: ReceiveSetup
): Generator<undefined, Received> {
  const { resources, tooMany } = yield* format.outline(body, setup.maxSpans ?? maxSpans)
  const read = format.reader(body)
  const received = new ReceivedSpans(setup)
  let invalid = 0
  for (const { resource, scopes } of resources) {
    const sender = readSender(resource && read('resource', resource), received, setup)
    for (const { scope, spans } of scopes) {
      const of = readScope(scope && read('scope', scope), setup)
      for (const range of spans) {
        const raw = read('span', range)
        const identity = readIdentity(raw)
        if (identity === undefined) invalid++
        else received.add(sender, identity, (epoch) => readSpan(raw, identity, epoch, of, setup))
        yield
      }
      yield
    }
    yield
  }
  return yield* received.finish(invalid, 'a valid traceId, spanId or startTimeUnixNano', tooMany)
}

function readSender(raw: unknown, received: ReceivedSpans, setup: ReceiveSetup): Sender {
  const { redactor, limits } = setup
  const { attributes } = readAttributes(field(raw, 'attributes'), setup, 1)
  const name = getString(attributes, 'service.name')
  const rest = attributes.filter((_item, i) => attributes[i - (i % 2)] !== 'service.name')
  return received.sender(redactor.text(name, limits.nameLength), rest)
}

function readScope(value: unknown, { redactor, limits }: ReceiveSetup): Scope {
  return {
    name: redactor.text(text(field(value, 'name')), limits.nameLength),
    version: redactor.text(text(field(value, 'version')), limits.nameLength)
  }
}
