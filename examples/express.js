// Express: one line, and every request is at http://localhost:3000/_traces.
//
//   node examples/express.js        then  curl http://localhost:3000/orders/7
import express from 'express'
import { tracing } from 'spanlight/express'

export const app = express()

app.use(tracing())

app.get('/orders/:id', async (req, res) => {
  console.log('loading order', req.params.id)
  res.json({ id: req.params.id, total: 42 })
})

app.get('/fails', () => {
  throw new Error('this is what an error looks like')
})

if (process.argv[1] === import.meta.filename) app.listen(3000)
