import protobuf from 'protobufjs'

const field = (id, type) => ({ id, type })
const repeated = (id, type) => ({ id, type, rule: 'repeated' })
const attributes = (id) => repeated(id, 'KeyValue')

/** The messages of a trace request, by the field numbers and types of opentelemetry-proto 1.x. */
const messages = {
  ExportTraceServiceRequest: { resourceSpans: repeated(1, 'ResourceSpans') },
  ExportTraceServiceResponse: { partialSuccess: field(1, 'ExportTracePartialSuccess') },
  ExportTracePartialSuccess: { rejectedSpans: field(1, 'int64'), errorMessage: field(2, 'string') },
  ResourceSpans: {
    resource: field(1, 'Resource'),
    scopeSpans: repeated(2, 'ScopeSpans'),
    schemaUrl: field(3, 'string')
  },
  Resource: { attributes: attributes(1), droppedAttributesCount: field(2, 'uint32') },
  ScopeSpans: {
    scope: field(1, 'InstrumentationScope'),
    spans: repeated(2, 'Span'),
    schemaUrl: field(3, 'string')
  },
  InstrumentationScope: {
    name: field(1, 'string'),
    version: field(2, 'string'),
    attributes: attributes(3),
    droppedAttributesCount: field(4, 'uint32')
  },
  Span: {
    traceId: field(1, 'bytes'),
    spanId: field(2, 'bytes'),
    traceState: field(3, 'string'),
    parentSpanId: field(4, 'bytes'),
    name: field(5, 'string'),
    kind: field(6, 'int32'),
    startTimeUnixNano: field(7, 'fixed64'),
    endTimeUnixNano: field(8, 'fixed64'),
    attributes: attributes(9),
    droppedAttributesCount: field(10, 'uint32'),
    events: repeated(11, 'Event'),
    droppedEventsCount: field(12, 'uint32'),
    links: repeated(13, 'Link'),
    droppedLinksCount: field(14, 'uint32'),
    status: field(15, 'Status'),
    flags: field(16, 'fixed32')
  },
  Event: {
    timeUnixNano: field(1, 'fixed64'),
    name: field(2, 'string'),
    attributes: attributes(3),
    droppedAttributesCount: field(4, 'uint32')
  },
  Link: {
    traceId: field(1, 'bytes'),
    spanId: field(2, 'bytes'),
    traceState: field(3, 'string'),
    attributes: attributes(4),
    droppedAttributesCount: field(5, 'uint32'),
    flags: field(6, 'fixed32')
  },
  Status: { message: field(2, 'string'), code: field(3, 'int32') },
  RpcStatus: { code: field(1, 'int32'), message: field(2, 'string') },
  KeyValue: { key: field(1, 'string'), value: field(2, 'AnyValue') },
  AnyValue: {
    stringValue: field(1, 'string'),
    boolValue: field(2, 'bool'),
    intValue: field(3, 'int64'),
    doubleValue: field(4, 'double'),
    arrayValue: field(5, 'ArrayValue'),
    kvlistValue: field(6, 'KeyValueList'),
    bytesValue: field(7, 'bytes')
  },
  ArrayValue: { values: repeated(1, 'AnyValue') },
  KeyValueList: { values: repeated(1, 'KeyValue') }
}

const oneofs = { AnyValue: { value: { oneof: Object.keys(messages.AnyValue) } } }

const root = protobuf.Root.fromJSON({
  nested: Object.fromEntries(
    Object.entries(messages).map(([name, fields]) => [
      name,
      { fields, ...(name in oneofs && { oneofs: oneofs[name] }) }
    ])
  )
})

export const Request = root.lookupType('ExportTraceServiceRequest')
export const Response = root.lookupType('ExportTraceServiceResponse')
/** google.rpc.Status, without its details. */
export const Status = root.lookupType('RpcStatus')
