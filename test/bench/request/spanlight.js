// Spanlight as it is after `npm install`, or 'no layers'. With 'off' its page is off, and so is the recording. Without call sites, which it has on a
// developer's machine only and no contestant has: the part 'inside' measures them.
import { tracing } from 'spanlight'
import { traced } from 'spanlight/http'
import { asked, serve } from './app.js'
import { inSpan } from './api.js'

const options = {
  service: 'bench',
  access: asked[0] === 'off' ? 'off' : 'local',
  capture: { layers: asked[0] !== 'no layers', callSites: false }
}

serve({
  express: () => tracing(options),
  koa: () => tracing(options),
  http: (listener) => traced(listener, options),
  inSpan,
  // What it has recorded its own API tells; this is asked of the one that is off.
  recorded: () => 0
})
