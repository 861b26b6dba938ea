// The storage function: the only part that talks to the database. A Koa server.
import Router from '@koa/router'
import Koa from 'koa'
import pg from 'pg'
import { tracing } from 'spanlight/koa'
import { serve, wait } from './service.js'

const app = new Koa()
app.use(tracing({ service: 'storage', instrument: { pg }, export: process.env.TRACES_URL }))

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 4 })
pool.on('error', (error) => console.error('the database went away:', error.message))

const router = new Router()

router.get('/orders/:id', async (ctx) => {
  const order = await pool.query('SELECT id, customer, created FROM orders WHERE id = $1', [
    ctx.params.id
  ])
  if (order.rowCount === 0) return
  const items = await pool.query(
    'SELECT p.name, i.quantity, i.cents FROM order_items i JOIN products p ON p.id = i.product_id WHERE i.order_id = $1',
    [ctx.params.id]
  )
  ctx.body = { ...order.rows[0], items: items.rows }
})

router.get('/orders', async (ctx) => {
  const { rows } = await pool.query('SELECT id, customer FROM orders ORDER BY id DESC LIMIT 24')
  // The mistake everybody makes once: a query for each row of the first one.
  for (const order of rows) {
    const total = await pool.query(
      'SELECT sum(quantity * cents) AS cents FROM order_items WHERE order_id = $1',
      [order.id]
    )
    order.cents = Number(total.rows[0].cents)
  }
  ctx.body = rows
})

router.post('/orders', async (ctx) => {
  const { customer, items } = await readJson(ctx.req)
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const { rows } = await client.query('INSERT INTO orders (customer) VALUES ($1) RETURNING id', [
      customer
    ])
    for (const item of items) {
      await client.query(
        'INSERT INTO order_items (order_id, product_id, quantity, cents) VALUES ($1, $2, $3, $4)',
        [rows[0].id, item.product, item.quantity, item.cents]
      )
    }
    await client.query('COMMIT')
    console.log(`stored order ${rows[0].id} with ${items.length} items`)
    ctx.status = 201
    ctx.body = rows[0]
  } catch (error) {
    await client.query('ROLLBACK')
    throw new Error('the order could not be stored', { cause: error })
  } finally {
    client.release()
  }
})

router.get('/report', async (ctx) => {
  const { rows } = await pool.query(`
    SELECT p.name, sum(i.quantity) AS sold, (SELECT count(*) FROM generate_series(1, 400000)) AS scanned
    FROM order_items i JOIN products p ON p.id = i.product_id
    GROUP BY p.name ORDER BY sold DESC LIMIT 10`)
  await wait(350)
  ctx.body = rows
})

app.use(router.routes())
app.on('error', () => {})
serve(app)

async function readJson(stream) {
  let text = ''
  for await (const chunk of stream) text += chunk
  return JSON.parse(text)
}
