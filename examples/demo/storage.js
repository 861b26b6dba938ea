// The storage function: the only part that talks to the database and the cache. A Koa server that logs with pino.
import Router from '@koa/router'
import { Redis } from 'ioredis'
import Koa from 'koa'
import pg from 'pg'
import { pino } from 'pino'
import { tracing } from 'spanlight/koa'
import { serve, wait } from './service.js'

const app = new Koa()
app.use(tracing({ service: 'storage', instrument: { pg }, export: process.env.TRACES_URL }))

const log = pino({ name: 'storage' })
const connectionString = process.env.DATABASE_URL
const pool = new pg.Pool({ connectionString, max: 4 })
// Reports were given a single connection, so that they would not get in the way of orders.
const reports = new pg.Pool({ connectionString, max: 1 })
for (const each of [pool, reports])
  each.on('error', (error) => console.error('the database went away:', error.message))

const cache = process.env.REDIS_URL && new Redis(process.env.REDIS_URL)
cache?.on('error', (error) => console.error('the cache went away:', error.message))

const router = new Router()

router.get('/orders/:id', async (ctx) => {
  const { id } = ctx.params
  const key = `order:${id}`
  const kept = await cache?.get(key)
  if (kept) {
    ctx.body = JSON.parse(kept)
    return
  }
  const order = await pool.query('SELECT id, customer, created FROM orders WHERE id = $1', [id])
  if (order.rowCount === 0) {
    log.warn({ order: id }, 'no such order')
    return
  }
  const items = await pool.query(
    'SELECT p.name, i.quantity, i.cents FROM order_items i JOIN products p ON p.id = i.product_id WHERE i.order_id = $1',
    [id]
  )
  ctx.body = { ...order.rows[0], items: items.rows }
  await cache?.set(key, JSON.stringify(ctx.body), 'EX', 20)
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
    log.info({ order: rows[0].id, items: items.length }, 'stored an order')
    ctx.status = 201
    ctx.body = rows[0]
  } catch (error) {
    await client.query('ROLLBACK')
    log.error({ err: error, customer }, 'an order was rolled back')
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

// Holds the only connection while it does something else: whoever asks at the same time waits for it, not for the database.
router.get('/statistics', async (ctx) => {
  const client = await reports.connect()
  try {
    const { rows } = await client.query(
      'SELECT p.name, sum(i.quantity) AS sold FROM order_items i JOIN products p ON p.id = i.product_id GROUP BY p.name'
    )
    await wait(180)
    ctx.body = rows.slice(0, 10)
  } finally {
    client.release()
  }
})

app.use(router.routes())
app.on('error', () => {})
serve(app)

async function readJson(stream) {
  let text = ''
  for await (const chunk of stream) text += chunk
  return JSON.parse(text)
}
