// Koa with its router: the span has the route, not the path.
//
//   node examples/koa.js        then  curl http://localhost:3000/orders/7
import Router from '@koa/router'
import Koa from 'koa'
import { tracing } from 'spanlight/koa'

export const app = new Koa()

app.use(tracing())

const router = new Router({ prefix: '/orders' })
router.get('/:id', (ctx) => {
  ctx.body = { id: ctx.params.id, total: 42 }
})
app.use(router.routes())

if (process.argv[1] === import.meta.filename) app.listen(3000)
