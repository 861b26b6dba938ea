// The browsers: sockets that read as pages do, and count what they are told.
import { WebSocket } from 'ws'
import { answer } from '../child.js'
import { percentile } from '../statistics.js'

/** Where a row has them. */
const seqAt = 1
const startAt = 5
const durationAt = 6
let pages = []

process.send({})
answer({
  /** So many pages of each kind, one after another; those of now ask for the `recent` traces, too, as a page does when it opens. */
  async connect({ port, recent, ...kinds }) {
    // A first look at the page, as every browser has: with it the server's sockets are taken over.
    await (await fetch(`http://127.0.0.1:${port}/_traces/`)).text()
    for (const [kind, count] of Object.entries(kinds))
      for (let i = 0; i < count; i++) pages.push(await connect(port, kind, recent))
  },
  /** Waits until the pages of now have everything up to `seq`, and those behind have anything. */
  async reach({ seq }) {
    const missing = pages.filter(({ kind }) => kind !== 'stalled')
    for (const end = performance.now() + 10_000; performance.now() < end;) {
      if (missing.every((page) => page.seq >= (page.kind === 'now' ? seq : 0))) return
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    throw new Error(`told up to ${missing.map((page) => page.seq).join()}, not to ${seq}`)
  },
  /** What the pages of now were told of the traces from `first` to `last`; and how far those behind have come. */
  told({ first, last }) {
    const now = pages.filter(({ kind }) => kind === 'now')
    const behind = pages.filter(({ kind }) => kind === 'behind')
    const windows = now.map(({ told }) => told.filter(({ seq }) => seq >= first && seq <= last))
    const all = windows.flat()
    return {
      counts: windows.map(count),
      gaps: now.reduce((sum, { gaps }) => sum + gaps, 0),
      bytes: all.reduce((sum, { bytes }) => sum + bytes, 0) / all.length,
      p99: percentile(
        all.map(({ ms }) => ms),
        0.99
      ),
      behind: behind.map(({ told, seq }) => ({ count: count(told), seq }))
    }
  },
  disconnect() {
    for (const { socket } of pages) socket.terminate()
    pages = []
  }
})

function connect(port, kind, recent) {
  return new Promise((resolve, reject) => {
    const headers = { origin: `http://127.0.0.1:${port}` }
    const socket = new WebSocket(`ws://127.0.0.1:${port}/_traces/live`, 'spanlight.v1', { headers })
    const page = { kind, socket, seq: -1, told: [], gaps: 0 }
    socket.once('error', reject)
    socket.on('message', (data) => {
      const message = JSON.parse(data)
      if (message.type === 'traces') take(page, message, data.length)
      if (message.type === 'gap') page.gaps += message.count
      if (message.type !== 'hello') return
      const seq = kind === 'now' ? message.seq - recent : 0
      socket.send(JSON.stringify({ type: 'since', seq }))
      if (kind === 'stalled') socket.pause()
      resolve(page)
    })
  })
}

function take(page, { seq, rows }, size) {
  const now = performance.timeOrigin + performance.now()
  page.seq = seq
  for (const row of rows) {
    const ms = now - (row[startAt] + row[durationAt])
    page.told.push({ seq: row[seqAt], ms, bytes: size / rows.length })
  }
}

function count(told) {
  return new Set(told.map(({ seq }) => seq)).size
}
