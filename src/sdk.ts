import type { Host } from './host/host.ts'
import type { Registration } from './interop/opentelemetry/register.ts'
import {
  idleProcessor,
  receiveSdkSpans,
  type SdkSetup,
  type SdkSpans
} from './interop/opentelemetry/span-processor.ts'
import type { Watches } from './watches.ts'

interface Left {
  readonly host: Host
  readonly api: Registration
  readonly watches: Watches
  /** False where nobody could see the spans. */
  readonly shown: boolean
}

/**
 * Takes in the spans of an OpenTelemetry SDK. It has instrumentations of its own: what they and ours record would be there twice, so all requests and
 * calls are left to them.
 */
export function leaveToSdk(
  { host, api, watches, shown }: Left,
  setup: Omit<SdkSetup, 'onScope'>
): SdkSpans {
  host.leaveRequests()
  api.stop()
  watches.leaveCalls({
    name: 'OpenTelemetry SDK',
    on: true,
    how: 'spanProcessor(): requests and calls are recorded by its instrumentations, and by none of ours'
  })
  if (!shown) return { processor: idleProcessor, stop() {} }
  return receiveSdkSpans({ ...setup, onScope: (name) => watches.sawTracer(name) })
}
