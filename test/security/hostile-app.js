// An application that records hostile texts in every field that a request or a span has. Gets them by IPC.
import { trace } from '@opentelemetry/api'
import express from 'express'
import { activeSpan, tracing, withSpan } from 'spanlight'

for (const name of ['log', 'error']) console[name] = () => {}

const { texts } = await new Promise((resolve) => process.once('message', resolve))
const app = express()
app.use(
  tracing({
    service: texts[0],
    capture: { requestHeaders: ['x-odd', 'referer', 'cookie', 'origin', 'accept'] }
  })
)

async function record(text) {
  await withSpan(text, { attributes: { [text]: text, 'db.query.text': text } }, async (span) => {
    span.addEvent(text, { [text]: text })
    span.addLink({ context: span.spanContext(), attributes: { [text]: text } })
    console.log(text, { [text]: text })
    trace.getTracer(text, text).startSpan(text).end()
    const error = new Error(text, { cause: new TypeError(text) })
    error.name = text
    span.recordException(error)
    span.setStatus({ code: 2, message: text })
  })
}

app.get('/record', async (_req, res) => {
  for (const text of texts) await record(text)
  activeSpan().setAttribute('url.full', texts[16])
  res.end()
})
app.get(/^\/regexp<xss-data>/, (_req, res) => res.end())
app.get('/fails/*rest', () => {
  throw Object.assign(new Error(texts[1]), { name: texts[2], code: texts[3] })
})
app.get('/hangs/*rest', () => {})
app.use((_error, _req, res, _next) => res.status(500).end())
const server = app.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
process.on('disconnect', () => process.exit(0))
