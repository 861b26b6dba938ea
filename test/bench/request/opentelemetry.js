// OpenTelemetry's SDK with its instrumentations of http and Express. With 'same-spans' the latter records no spans for layers, only the
// route, so that there is one span a request as Spanlight has it; without, what everybody runs.
import { ExpressInstrumentation, ExpressLayerType } from '@opentelemetry/instrumentation-express'
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'
import { recordToArray } from '../opentelemetry.js'
import { serve } from './app.js'

const sameSpans = process.argv[2] === 'same-spans'
const { kept, ended } = recordToArray()
new HttpInstrumentation().enable()
new ExpressInstrumentation(
  sameSpans ? { ignoreLayersType: Object.values(ExpressLayerType) } : {}
).enable()

serve({
  recorded() {
    const named = kept.filter((span) => span.name === 'GET /api/orders/:id').length
    if (ended() > 0 && named === 0) throw new Error('no span has its route')
    return ended()
  }
})
