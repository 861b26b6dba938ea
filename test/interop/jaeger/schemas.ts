import { z } from 'zod'

// What Jaeger's user interface and Grafana's data source read of the answers: an unknown or missing field here is a broken page there.

const id = (length: number) => z.string().regex(new RegExp(`^(?!0+$)[0-9a-f]{${length}}$`))
const count = z.int().min(0)
const nanos = z.string().regex(/^\d{1,20}$/)

const tag = z.discriminatedUnion('type', [
  z.strictObject({ key: z.string(), type: z.literal('string'), value: z.string() }),
  z.strictObject({ key: z.string(), type: z.literal('bool'), value: z.boolean() }),
  z.strictObject({ key: z.string(), type: z.literal('int64'), value: z.int() }),
  z.strictObject({ key: z.string(), type: z.literal('float64'), value: z.number() })
])

const span = z.strictObject({
  traceID: id(32),
  spanID: id(16),
  flags: count,
  operationName: z.string(),
  references: z.array(
    z.strictObject({
      refType: z.enum(['CHILD_OF', 'FOLLOWS_FROM']),
      traceID: id(32),
      spanID: id(16)
    })
  ),
  startTime: count,
  duration: count,
  tags: z.array(tag),
  logs: z.array(z.strictObject({ timestamp: count, fields: z.array(tag) })),
  processID: z.string(),
  warnings: z.array(z.string()).nullable()
})

const trace = z
  .strictObject({
    traceID: id(32),
    spans: z.array(span).min(1),
    processes: z.record(
      z.string(),
      z.strictObject({ serviceName: z.string(), tags: z.array(tag) })
    ),
    warnings: z.array(z.string()).nullable()
  })
  .refine(({ spans, processes }) => spans.every((one) => one.processID in processes))

const wrapped = <T extends z.ZodType>(data: T) =>
  z.strictObject({
    data,
    total: count,
    limit: z.literal(0),
    offset: z.literal(0),
    errors: z
      .array(
        z.strictObject({
          code: count.optional(),
          msg: z.string(),
          traceID: z.string().optional()
        })
      )
      .min(1)
      .nullable()
  })

const operation = z.strictObject({
  name: z.string(),
  spanKind: z.enum(['internal', 'server', 'client', 'producer', 'consumer'])
})

export const classic = {
  names: wrapped(z.array(z.string())),
  operations: wrapped(z.array(operation)),
  traces: wrapped(z.array(trace)),
  dependencies: wrapped(
    z.array(z.strictObject({ parent: z.string(), child: z.string(), callCount: count.min(1) }))
  ),
  failure: wrapped(z.null())
}

// Exactly one of the values, of its own type, as the user interface demands from 2.21 on.
const anyValue: z.ZodType = z.lazy(() =>
  z.union([
    z.strictObject({ stringValue: z.string() }),
    z.strictObject({ boolValue: z.boolean() }),
    z.strictObject({ intValue: z.string().regex(/^-?\d{1,20}$/) }),
    z.strictObject({ doubleValue: z.number() }),
    z.strictObject({ arrayValue: z.object({ values: z.array(anyValue).optional() }) })
  ])
)
const attributes = z.array(z.object({ key: z.string(), value: anyValue })).optional()

const otlpSpan = z.object({
  traceId: id(32),
  spanId: id(16),
  parentSpanId: id(16).optional(),
  traceState: z.string().optional(),
  flags: count.optional(),
  name: z.string().optional(),
  kind: count.optional(),
  startTimeUnixNano: nanos.optional(),
  endTimeUnixNano: nanos.optional(),
  attributes,
  events: z
    .array(z.object({ timeUnixNano: nanos.optional(), name: z.string().optional(), attributes }))
    .optional(),
  links: z.array(z.object({ traceId: id(32), spanId: id(16), attributes })).optional(),
  status: z.object({ message: z.string().optional(), code: count.optional() }).optional()
})

export const v3 = {
  services: z.strictObject({ services: z.array(z.string()) }),
  operations: z.strictObject({ operations: z.array(operation) }),
  dependencies: z.strictObject({
    dependencies: z.array(
      z.strictObject({
        parent: z.string(),
        child: z.string(),
        callCount: z.string().regex(/^\d+$/)
      })
    )
  }),
  trace: z.strictObject({
    result: z.object({
      resourceSpans: z.array(
        z.object({
          resource: z.object({ attributes }).optional(),
          scopeSpans: z.array(z.object({ spans: z.array(otlpSpan) }))
        })
      )
    })
  }),
  summaries: z.strictObject({
    summaries: z.array(
      z.object({
        traceId: id(32),
        traceID: id(32),
        rootServiceName: z.string(),
        rootOperationName: z.string(),
        minStartTimeUnixNano: nanos,
        maxEndTimeUnixNano: nanos,
        spanCount: count,
        errorSpanCount: count,
        orphanSpanCount: count,
        services: z.array(
          z.strictObject({ name: z.string(), spanCount: count, errorSpanCount: count })
        )
      })
    )
  }),
  failure: z.object({ error: z.object({ httpCode: count, message: z.string() }) })
}
