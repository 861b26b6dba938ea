/** In OTLP's numbering; only generic protobuf printers write the names. */
export const kindNames: readonly string[] = [
  'SPAN_KIND_UNSPECIFIED',
  'SPAN_KIND_INTERNAL',
  'SPAN_KIND_SERVER',
  'SPAN_KIND_CLIENT',
  'SPAN_KIND_PRODUCER',
  'SPAN_KIND_CONSUMER'
]

export const statusNames: readonly string[] = [
  'STATUS_CODE_UNSET',
  'STATUS_CODE_OK',
  'STATUS_CODE_ERROR'
]

/** Bits of Span.flags beside the W3C ones: whether the next bit means anything, and that the parent is in another process. */
export const hasIsRemote = 0x100
export const isRemote = 0x200
