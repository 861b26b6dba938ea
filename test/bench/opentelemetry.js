import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node'

/** As many ended spans as Spanlight's default memory holds, about. */
export const capacity = 250_000

/**
 * OpenTelemetry's SDK with ended spans kept in a bounded array. The cheapest processor there can be: no batch, no exporter, no timer, so
 * that what is measured is the SDK and its instrumentations.
 */
export function recordToArray() {
  const kept = []
  let ended = 0
  const processor = {
    onStart() {},
    onEnd(span) {
      kept[ended++ % capacity] = span
    },
    forceFlush: async () => {},
    shutdown: async () => {}
  }
  const provider = new NodeTracerProvider({ spanProcessors: [processor] })
  provider.register()
  return { kept, provider, ended: () => ended }
}
