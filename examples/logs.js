// Log lines of pino on the span that wrote them, and the ids of trace and span in the lines themselves.
//
//   node examples/logs.js        then  curl http://localhost:3000/orders/7
//
// A trace_id or span_id of a printed line, pasted into the filter of the page, finds the trace.
import express from 'express'
import pino from 'pino'
import { traceFields, tracing, withSpan } from 'spanlight'

export const app = express()
// pino needs nothing to be recorded; the mixin is for whoever reads the lines elsewhere. With winston:
//   tracing({ instrument: { winston } })
//   winston.format((info) => Object.assign(info, traceFields()))()
export const logger = pino({ mixin: traceFields })

app.use(tracing())

app.get('/orders/:id', async (req, res) => {
  logger.info({ order: req.params.id }, 'order asked for')
  await withSpan('check stock', async () => {
    logger.warn({ left: 2 }, 'almost sold out')
  })
  res.json({ id: req.params.id })
})

if (process.argv[1] === import.meta.filename) app.listen(3000)
