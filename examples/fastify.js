// Fastify, without a line about tracing: its requests have their route.
//
//   node --import spanlight/register examples/fastify.js        then  curl http://localhost:3000/orders/7
import Fastify from 'fastify'

const app = Fastify()

app.get('/orders/:id', (request) => ({ id: request.params.id, total: 42 }))

await app.listen({ port: Number(process.env.PORT ?? 3000) })
