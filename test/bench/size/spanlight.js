import express from 'express'

const app = express()
const began = performance.now()
const { tracing } = await import('spanlight')
app.use(tracing({ service: 'bench', access: 'local' }))
const ms = performance.now() - began
process.send({ ms, mounted: app.router.stack.some(({ handle }) => handle.name === 'tracing') })
