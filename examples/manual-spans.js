// Spans of one's own, with withSpan() or with OpenTelemetry's API: both land in the same trace.
//
//   node examples/manual-spans.js        then  curl http://localhost:3000/report
import { setTimeout as wait } from 'node:timers/promises'
import { trace } from '@opentelemetry/api'
import express from 'express'
import { activeSpan, tracing, withSpan } from 'spanlight'

export const app = express()

app.use(tracing())

app.get('/report', async (_req, res) => {
  const rows = await withSpan('load rows', async (span) => {
    await wait(20)
    span.setAttribute('rows', 3)
    return [1, 2, 3]
  })
  const sum = trace.getTracer('report').startActiveSpan('add up', (span) => {
    span.addEvent('adding')
    const total = rows.reduce((a, b) => a + b, 0)
    span.end()
    return total
  })
  activeSpan()?.setAttribute('report.sum', sum)
  res.json({ sum })
})

if (process.argv[1] === import.meta.filename) app.listen(3000)
