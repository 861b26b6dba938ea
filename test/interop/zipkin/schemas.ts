import { isIPv4, isIPv6 } from 'node:net'
import { z } from 'zod'

// What Zipkin's server and zipkin-go, by which Grafana reads, take of a span of version 2: anything else is an exception for the whole list.

const id = z.string().regex(/^(?!0+$)[0-9a-f]{16}$/)
const micros = z.int().min(1)

const endpoint = z
  .strictObject({
    serviceName: z.string().optional(),
    ipv4: z.string().refine(isIPv4).optional(),
    // No zone: `fe80::1%eth0` is an address for Node alone.
    ipv6: z
      .string()
      .regex(/^[\da-f:.]+$/i)
      .refine(isIPv6)
      .optional(),
    port: z.int().min(1).max(65_535).optional()
  })
  .refine((fields) => Object.keys(fields).length > 0)

const span = z.strictObject({
  traceId: z.string().regex(/^(?!0+$)[0-9a-f]{16}(?:[0-9a-f]{16})?$/),
  id,
  parentId: id.optional(),
  kind: z.enum(['CLIENT', 'SERVER', 'PRODUCER', 'CONSUMER']).optional(),
  name: z.string(),
  timestamp: micros,
  duration: micros.optional(),
  localEndpoint: endpoint,
  remoteEndpoint: endpoint.optional(),
  annotations: z.array(z.strictObject({ timestamp: micros, value: z.string() })).optional(),
  tags: z.record(z.string(), z.string()),
  debug: z.literal(true).optional(),
  shared: z.literal(true).optional()
})

export const zipkinList = z.array(span)
