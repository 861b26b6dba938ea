import { type Format, Outline, type Piece, type ResourceSpans, type ScopeSpans } from './outline.ts'
import { ProtobufReader } from '../../trace/protobuf-reader.ts'

/** OTLP/protobuf, by the field numbers of opentelemetry-proto 1.x. A tag is the number times 8 plus the wire type, so that a field of another type is an unknown one. */
export const protobuf: Format = {
  // In one step: messages are passed over by their length, and 65,536 fields in 2 ms.
  *outline(body, maxSpans) {
    const outline = new Outline(maxSpans)
    readRequest(new ProtobufReader(body), outline)
    yield
    return outline
  },
  reader(body) {
    const reader = new ProtobufReader(body)
    return (piece, range) => {
      reader.moveTo(range)
      return pieces[piece](reader)
    }
  }
}

type Read = (reader: ProtobufReader) => unknown

const pieces: Readonly<Record<Piece, Read>> = {
  resource: readResource,
  scope: readScope,
  span: readSpan
}

function readRequest(reader: ProtobufReader, outline: Outline): void {
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 10) outline.resources.push(reader.message(() => readResourceSpans(reader, outline)))
    else reader.skip(tag)
  }
}

function readResourceSpans(reader: ProtobufReader, outline: Outline): ResourceSpans {
  const found: ResourceSpans = { resource: undefined, scopes: [] }
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 10) found.resource = reader.range()
    else if (tag === 18) found.scopes.push(reader.message(() => readScopeSpans(reader, outline)))
    else reader.skip(tag)
  }
  return found
}

function readScopeSpans(reader: ProtobufReader, outline: Outline): ScopeSpans {
  const found: ScopeSpans = { scope: undefined, spans: [] }
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 10) found.scope = reader.range()
    else if (tag === 18) outline.addSpan(found, reader.range())
    else reader.skip(tag)
  }
  return found
}

function readResource(reader: ProtobufReader): unknown {
  const attributes: unknown[] = []
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 10) attributes.push(reader.message(readKeyValue))
    else reader.skip(tag)
  }
  return { attributes }
}

function readScope(reader: ProtobufReader): unknown {
  let name = ''
  let version = ''
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 10) name = reader.text()
    else if (tag === 18) version = reader.text()
    else reader.skip(tag)
  }
  return { name, version }
}

function readSpan(reader: ProtobufReader): unknown {
  let traceId, spanId, traceState, parentSpanId, name, kind, startTimeUnixNano, endTimeUnixNano
  let droppedAttributesCount, droppedEventsCount, droppedLinksCount, status, flags
  const attributes: unknown[] = []
  const events: unknown[] = []
  const links: unknown[] = []
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    switch (tag) {
      case 10:
        traceId = reader.hex()
        break
      case 18:
        spanId = reader.hex()
        break
      case 26:
        traceState = reader.text()
        break
      case 34:
        parentSpanId = reader.hex()
        break
      case 42:
        name = reader.text()
        break
      case 48:
        kind = reader.uint32()
        break
      case 57:
        startTimeUnixNano = reader.fixed64()
        break
      case 65:
        endTimeUnixNano = reader.fixed64()
        break
      case 74:
        attributes.push(reader.message(readKeyValue))
        break
      case 80:
        droppedAttributesCount = reader.uint32()
        break
      case 90:
        events.push(reader.message(readEvent))
        break
      case 96:
        droppedEventsCount = reader.uint32()
        break
      case 106:
        links.push(reader.message(readLink))
        break
      case 112:
        droppedLinksCount = reader.uint32()
        break
      case 122:
        status = reader.message(readStatus)
        break
      case 133:
        flags = reader.fixed32()
        break
      default:
        reader.skip(tag)
    }
  }
  return {
    traceId,
    spanId,
    traceState,
    parentSpanId,
    name,
    kind,
    startTimeUnixNano,
    endTimeUnixNano,
    attributes,
    droppedAttributesCount,
    events,
    droppedEventsCount,
    links,
    droppedLinksCount,
    status,
    flags
  }
}

function readEvent(reader: ProtobufReader): unknown {
  let timeUnixNano, name
  const attributes: unknown[] = []
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 9) timeUnixNano = reader.fixed64()
    else if (tag === 18) name = reader.text()
    else if (tag === 26) attributes.push(reader.message(readKeyValue))
    else reader.skip(tag)
  }
  return { timeUnixNano, name, attributes }
}

function readLink(reader: ProtobufReader): unknown {
  let traceId, spanId, traceState
  const attributes: unknown[] = []
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 10) traceId = reader.hex()
    else if (tag === 18) spanId = reader.hex()
    else if (tag === 26) traceState = reader.text()
    else if (tag === 34) attributes.push(reader.message(readKeyValue))
    else reader.skip(tag)
  }
  return { traceId, spanId, traceState, attributes }
}

function readStatus(reader: ProtobufReader): unknown {
  let message, code
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 18) message = reader.text()
    else if (tag === 24) code = reader.uint32()
    else reader.skip(tag)
  }
  return { message, code }
}

function readKeyValue(reader: ProtobufReader): unknown {
  let key, value
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 10) key = reader.text()
    else if (tag === 18) value = reader.message(readAnyValue)
    else reader.skip(tag)
  }
  return { key, value }
}

// One of its fields; of several, the last.
function readAnyValue(reader: ProtobufReader): unknown {
  let value
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    switch (tag) {
      case 10:
        value = { stringValue: reader.text() }
        break
      case 16:
        value = { boolValue: reader.bool() }
        break
      case 24:
        value = { intValue: reader.int64() }
        break
      case 33:
        value = { doubleValue: reader.double() }
        break
      case 42:
        value = { arrayValue: { values: reader.message(readArrayValue) } }
        break
      case 50:
        value = { kvlistValue: { values: reader.message(readKeyValueList) } }
        break
      case 58:
        value = { bytesValue: reader.base64() }
        break
      default:
        reader.skip(tag)
    }
  }
  return value
}

function readArrayValue(reader: ProtobufReader): unknown[] {
  const values: unknown[] = []
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 10) values.push(reader.message(readAnyValue))
    else reader.skip(tag)
  }
  return values
}

function readKeyValueList(reader: ProtobufReader): unknown[] {
  const values: unknown[] = []
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 10) values.push(reader.message(readKeyValue))
    else reader.skip(tag)
  }
  return values
}
