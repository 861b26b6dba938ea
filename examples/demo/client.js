// The client: gentle traffic, about three requests a second, of every kind the API knows.
import { onStop, ready, wait } from './service.js'

const api = process.env.API_URL
const pick = (list) => list[Math.floor(Math.random() * list.length)]
const customers = ['Ada', 'Grace', 'Barbara', 'Katherine', 'Radia']

const order = (items) => ({ customer: pick(customers), items })
const item = (extra) => ({
  product: 1 + Math.floor(Math.random() * 40),
  quantity: 1 + Math.floor(Math.random() * 3),
  ...extra
})
const post = (body) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body)
})

const newcomer = (name) => ({
  name,
  password: `${name} likes ${1 + Math.floor(Math.random() * 99)}`
})

const requests = {
  order: () => ['/api/orders', post(order([item(), item()]))],
  one: () => [`/api/orders/${1 + Math.floor(Math.random() * 30)}`],
  missing: () => ['/api/orders/999999'],
  loop: () => ['/api/orders'],
  slowReport: () => ['/api/report'],
  statistics: () => ['/api/statistics'],
  customers: () => ['/api/customers/import', post({ customers: customers.map(newcomer) })],
  largeOrder: () => ['/api/orders', post(order(Array.from({ length: 8 }, () => item())))],
  unknownProduct: () => ['/api/orders', post(order([item({ product: 4711 })]))],
  badDiscount: () => ['/api/orders', post(order([item({ discount: {} })]))],
  stream: () => ['/api/events'],
  health: () => ['/health']
}

// The first few show every side of the page within seconds; after that, mostly the ordinary ones.
const opening = [
  'order',
  'one',
  'unknownProduct',
  'crowd',
  'loop',
  'import',
  'largeOrder',
  'stream',
  'badDiscount',
  'slowReport',
  'missing',
  'health'
]
const ordinary = ['order', 'order', 'order', 'one', 'one', 'one', 'one', 'loop', 'health', 'health']
const rare = [
  'unknownProduct',
  'badDiscount',
  'slowReport',
  'largeOrder',
  'missing',
  'stream',
  'crowd',
  'import'
]
// What only shows when several come at once: three that want the same connection, and two beside one that keeps the processor.
const together = {
  crowd: ['statistics', 'statistics', 'statistics'],
  import: ['one', 'order', 'customers']
}

onStop(() => process.exit(0))
ready()

for (let n = 0; ; n++) {
  const kind = opening[n] ?? (Math.random() < 0.12 ? pick(rare) : pick(ordinary))
  for (const each of together[kind] ?? [kind]) void send(each)
  await wait(200 + Math.random() * 300)
}

async function send(kind) {
  const [path, init] = requests[kind]()
  try {
    const answer = await fetch(api + path, { ...init, signal: AbortSignal.timeout(30_000) })
    await answer.arrayBuffer()
  } catch (error) {
    console.error(`${kind}: ${error.cause?.code ?? error.message}`)
    await wait(1000)
  }
}
