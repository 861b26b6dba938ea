// Hono on Node, without a line about tracing: its requests have their route.
//
//   node --import spanlight/register examples/hono.js        then  curl http://localhost:3000/orders/7
import { serve } from '@hono/node-server'
import { Hono } from 'hono'

const app = new Hono()

app.get('/orders/:id', (c) => c.json({ id: c.req.param('id'), total: 42 }))

serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) })
