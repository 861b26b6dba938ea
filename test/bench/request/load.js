import autocannon from 'autocannon'
import { answer } from '../child.js'

// Ids differ, as they do in life; a recorder that remembers the last path gains nothing.
const ids = Array.from({ length: 500 }, (_, i) => 1000 + i * 37)
const headers = {
  'user-agent':
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  accept: 'application/json',
  'accept-encoding': 'gzip, deflate, br',
  'accept-language': 'en-GB,en;q=0.9'
}

function requestsTo(handler) {
  return ids.map((id) => ({ path: `/api/${handler}/${id}` }))
}

process.send({})
answer({
  /** Exactly `amount` requests to one handler, each answered with 200. */
  async load({ port, amount, handler = 'orders', connections = 10 }) {
    const result = await autocannon({
      url: `http://127.0.0.1:${port}`,
      connections,
      amount,
      // It sees that it is done when it takes a sample, by default once a second.
      sampleInt: 20,
      headers,
      requests: requestsTo(handler)
    })
    const answered = result['2xx']
    if (answered !== amount || result.errors > 0)
      throw new Error(`${answered} of ${amount} requests answered, ${result.errors} errors`)
    return { perSecond: Math.round(amount / result.duration) }
  }
})
