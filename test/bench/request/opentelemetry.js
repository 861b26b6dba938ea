// OpenTelemetry's SDK with its instrumentations of http, Express, Koa and undici, and a batch processor whose exporter writes into an array.
// With 'same-spans' no spans are recorded for the layers of a framework, only the route, so that there is one span a request as
// Spanlight has it; without, what everybody runs.
import { ExpressInstrumentation, ExpressLayerType } from '@opentelemetry/instrumentation-express'
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node'
import { capacity } from '../opentelemetry.js'
import { missing, peer } from '../peers/install.js'
import { inSpan } from './api.js'
import { asked, framework, serve } from './app.js'

const kept = []
let exported = 0
const exporter = {
  export(spans, done) {
    for (const span of spans) kept[exported++ % capacity] = span
    done({ code: 0 })
  },
  shutdown: async () => {}
}
const provider = new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] })
provider.register()

const sameSpans = asked[0] === 'same-spans'
// Koa's route is found by the span of its layer; bare http has none.
const routed = framework === 'express' || (framework === 'koa' && !sameSpans)
new HttpInstrumentation().enable()
new ExpressInstrumentation(
  sameSpans ? { ignoreLayersType: Object.values(ExpressLayerType) } : {}
).enable()
// Installed when a run needs them: the tests of the trivial handler on Express do not.
if (missing() === undefined) {
  const { KoaInstrumentation } = peer('@opentelemetry/instrumentation-koa')
  const { UndiciInstrumentation } = peer('@opentelemetry/instrumentation-undici')
  new KoaInstrumentation(sameSpans ? { ignoreLayersType: ['middleware', 'router'] } : {}).enable()
  new UndiciInstrumentation().enable()
}

serve({
  inSpan,
  async recorded() {
    await provider.forceFlush()
    const named = !routed || kept.some(({ name }) => /^GET \/api\/\w+\/:id$/.test(name))
    if (exported > 0 && !named) throw new Error('no span has its route')
    return exported
  }
})
