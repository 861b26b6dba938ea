// The people who use the server: requests of several kinds, evenly spread over each second.
import { Agent, request } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { answer } from '../child.js'

const agent = new Agent({ keepAlive: true, maxSockets: 100 })
const tickMs = 10
const mostOpen = 500
let timer
let sent = 0
let answered = 0

function paths(i) {
  if (i % 20 === 7) return ['GET', `/api/prices/${i}`]
  if (i % 20 === 13) return ['GET', `/api/nothing/${i}`]
  if (i % 10 === 4) return ['POST', '/api/orders']
  return ['GET', i % 5 === 0 ? '/api/items' : `/api/orders/${1000 + i}`]
}

const open = () => sent - answered

function ask(port) {
  const [method, path] = paths(sent++)
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, agent, method, path }, (res) => {
      answered++
      res.resume().on('end', resolve)
    })
      .on('error', reject)
      .end()
  })
}

answer({
  /** So many requests as fast as they are answered. */
  async burst({ port, count }) {
    let left = count
    const one = async () => {
      while (left-- > 0) await ask(port)
    }
    await Promise.all(Array.from({ length: 50 }, one))
  },
  /** So many a second until told to stop. */
  start({ port, perSecond }) {
    clearInterval(timer)
    sent = answered = 0
    const began = performance.now()
    timer = setInterval(() => {
      const due = ((performance.now() - began) * perSecond) / 1000
      // A server that cannot keep up is told from one that can by what was sent, not by drowning it.
      while (sent < due && open() < mostOpen) void ask(port)
    }, tickMs)
  },
  async stop() {
    clearInterval(timer)
    // The last ones are on their way.
    for (let i = 0; i < 200 && open() > 0; i++) await setTimeout(50)
    if (open() > 0) throw new Error(`${answered} of ${sent} requests answered`)
    return { sent }
  }
})
process.send({})
