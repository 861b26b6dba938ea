// elastic-apm-node as it is by default, with the APM server that counts instead of a real one. Child spans by its own API: its bridge to
// OpenTelemetry's puts objects of its own around the same spans.
import { peer } from '../peers/install.js'
import { serve, upstream } from './app.js'

const apm = peer('elastic-apm-node').start({
  serviceName: 'bench',
  serverUrl: `http://127.0.0.1:${upstream}`,
  // 1024 by default: under this load it then drops every second span of those that it is asked for.
  maxQueueSize: 1_000_000,
  // Asks the metadata services of three clouds, once, at the start.
  cloudProvider: 'none'
})

serve({
  async inSpan(name, work) {
    const span = apm.startSpan(name)
    try {
      return await work()
    } finally {
      span?.end()
    }
  },
  /** The server counts; this hands over what waits for the end of the current upload. */
  recorded: () => apm.flush().then(() => 0)
})
