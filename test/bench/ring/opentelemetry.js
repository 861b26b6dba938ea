import { ROOT_CONTEXT } from '@opentelemetry/api'
import { capacity, recordToArray } from '../opentelemetry.js'
import { answerLife } from './life.js'

const { provider, ended } = recordToArray()
const tracer = provider.getTracer('bench')
const kind = { kind: 1 }

answerLife({
  start: (name) => tracer.startSpan(name, kind, ROOT_CONTEXT),
  count: async () => ({ ended: ended(), full: ended() >= capacity })
})
