// dd-trace as it is by default, with the agent that counts instead of a real one. Child spans by its own API: its bridge to OpenTelemetry's
// puts objects of its own around the same spans.
import { peer } from '../peers/install.js'
import { serve, upstream } from './app.js'

const tracer = peer('dd-trace').init({ service: 'bench', url: `http://127.0.0.1:${upstream}` })

serve({
  inSpan: (name, work) => tracer.trace(name, work),
  /** The agent counts; this hands over what waits for the next interval. */
  recorded: () => new Promise((resolve) => tracer._tracer._exporter.flush(() => resolve(0)))
})
