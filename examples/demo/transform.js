// The transform function: checks an order, prices it, and hands it to storage. An Express server.
import express from 'express'
import { tracing, withSpan } from 'spanlight'
import { serve, wait } from './service.js'

const app = express()
app.use(tracing({ service: 'transform', export: process.env.TRACES_URL }))
app.use(express.json())

app.post('/transform', async (req, res) => {
  const order = await withSpan('price order', async (span) => {
    const items = req.body.items.map((item) => ({ ...item, cents: priceOf(item) }))
    span.setAttribute('order.items', items.length)
    // Large orders go through a slow check of credit.
    if (items.length > 5) {
      console.warn(`order of ${items.length} items: checking credit`)
      await withSpan('check credit', () => wait(900 + Math.random() * 600))
    }
    return { customer: req.body.customer, items }
  })
  const stored = await fetch(`${process.env.STORAGE_URL}/orders`, {
    method: 'POST',
    body: JSON.stringify(order)
  })
  if (!stored.ok) throw new Error(`storage answered ${stored.status}`)
  res.status(201).json(await stored.json())
})

function priceOf(item) {
  if (item.discount === undefined) return 100 * item.product
  // A discount without a rate is what one client sends by mistake: this throws.
  return Math.round(100 * item.product * (1 - Number(item.discount.rate.toFixed(2))))
}

serve(app)
