import { trace } from '@opentelemetry/api'

/** A child span as an application makes it with OpenTelemetry's API, whoever is behind it. */
export function inSpan(name, work) {
  return trace.getTracer('bench').startActiveSpan(name, async (span) => {
    try {
      return await work()
    } finally {
      span.end()
    }
  })
}
