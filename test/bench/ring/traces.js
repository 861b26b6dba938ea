import { recordOf, shapes } from './records.js'

// What the OpenTelemetry SDK's batch processor sends at once.
const batch = 512
const services = ['shop', 'stock', 'prices', 'mail', 'search']
const shape = 'request of six'

/** A trace of many spans as collectors send it: batch by batch, of five processes in turn, each span below any that came before. */
export function traceOf(spans, epochMs, count) {
  const first = recordOf(spans, epochMs, resourceOf(0), 1)
  const ids = []
  const records = []
  for (let left = count; left > 0; left -= batch) {
    const members = []
    while (members.length < Math.min(left, batch))
      for (const span of shapes[shape](spans)) {
        const parentId = ids[spans.below(ids.length)]
        ids.push(span.spanId)
        members.push({ ...span, parentId, start: span.start + spans.below(9e8) })
        if (members.length === Math.min(left, batch)) break
      }
    const resource = resourceOf(records.length)
    records.push({ ...first, resource, source: 'ingest', spans: members })
  }
  return records
}

function resourceOf(number) {
  return { service: services[number % services.length], attributes: ['service.instance.id', '1'] }
}
