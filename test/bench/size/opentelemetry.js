// It has to stand before what it instruments. Node's own http is loaded first, as a server has it anyway and Spanlight finds it loaded.
import 'node:http'
import 'node:https'
import { createRequire } from 'node:module'

const began = performance.now()
const { NodeTracerProvider } = await import('@opentelemetry/sdk-trace-node')
const { HttpInstrumentation } = await import('@opentelemetry/instrumentation-http')
const { ExpressInstrumentation } = await import('@opentelemetry/instrumentation-express')
new NodeTracerProvider().register()
new HttpInstrumentation().enable()
new ExpressInstrumentation().enable()
const ms = performance.now() - began
const express = createRequire(import.meta.url)('express')
process.send({ ms, mounted: express.Router.prototype.route.__wrapped === true })
