import { Agent, request } from 'node:http'
import { addonProblem } from '../libraries/addon.js'

/** One request of a list, and how often it is to be sent. */
export interface Ask {
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** What the application does with libraries. The addon of SQLite is there where its own tests run. */
export const parts = 'pg amqplib bullmq kafkajs mongodb graphql loggers channels'
  .split(' ')
  .concat(addonProblem() === undefined ? ['sqlite'] : [])

export const asks: readonly Ask[] = [
  { method: 'GET', path: '/json/7?x=1&token=a' },
  { method: 'GET', path: '/spans' },
  { method: 'GET', path: '/visible' },
  ...parts.map((name) => ({ method: 'GET', path: `/part/${name}` })),
  { method: 'GET', path: '/throws' },
  { method: 'GET', path: '/rejects' },
  { method: 'GET', path: '/next' },
  { method: 'GET', path: '/late' },
  { method: 'GET', path: '/stream' },
  { method: 'GET', path: '/empty' },
  { method: 'GET', path: '/same', headers: { 'if-none-match': '"a"' } },
  { method: 'GET', path: '/head' },
  { method: 'HEAD', path: '/head' },
  { method: 'GET', path: '/shop/a/item/b%2Fc?d=e' },
  { method: 'GET', path: '/teapot' },
  { method: 'GET', path: '/nothing/here' },
  { method: 'OPTIONS', path: '/json/7' },
  { method: 'GET', path: '/%zz/odd?%' },
  {
    method: 'GET',
    path: '/json/8',
    headers: {
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      tracestate: 'a=1',
      baggage: 'user=ann',
      cookie: 'sid=1; theme=dark'
    }
  },
  {
    method: 'POST',
    path: '/body',
    headers: { 'content-type': 'application/json' },
    body: '{"a":{"b":[1,2,3]}}'
  },
  { method: 'POST', path: '/body', headers: { 'content-type': 'application/json' }, body: '{"a":' },
  { method: 'PUT', path: '/pipe', body: 'x'.repeat(70_000) },
  {
    method: 'PUT',
    path: '/pipe',
    headers: { expect: '100-continue', 'transfer-encoding': 'chunked' },
    body: 'y'.repeat(2_000)
  }
]

/** Everything that a client can see of an answer but the time, as text. */
export function answerOf(url: string, ask: Ask, agent: Agent): Promise<string> {
  return new Promise((resolve) => {
    const seen: string[] = []
    const { hostname, port } = new URL(url)
    const { method, path, headers } = ask
    const req = request({ hostname, port, method, path, headers: { ...headers }, agent })
    req.on('continue', () => seen.push('100'))
    req.on('information', (info) => seen.push(`${info.statusCode} ${info.rawHeaders.join('|')}`))
    req.on('error', () => resolve('broken'))
    req.on('response', (res) => {
      const head = res.rawHeaders.map((text, i) => (res.rawHeaders[i - 1] === 'Date' ? '' : text))
      seen.push(`HTTP/${res.httpVersion} ${res.statusCode} ${res.statusMessage}`, head.join('|'))
      let body = ''
      res.setEncoding('latin1').on('data', (text: string) => (body += text))
      res.on('close', () => {
        // How much came before an answer broke off is a matter of luck.
        if (!res.complete) resolve('broken')
        else resolve(seen.concat(body, JSON.stringify(res.rawTrailers)).join('\n'))
      })
      res.on('error', () => {})
    })
    req.end(ask.body)
  })
}

/** Sends the list `times` over, several at once on kept connections; gives how often each request had each answer. */
export async function answersOf(url: string, times: number): Promise<Map<string, number>[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 12 })
  const found = asks.map(() => new Map<string, number>())
  const waiting = Array.from({ length: times * asks.length }, (_, i) => i % asks.length)
  const worker = async (): Promise<void> => {
    for (let i = waiting.pop(); i !== undefined; i = waiting.pop()) {
      const answer = await answerOf(url, asks[i] as Ask, agent)
      const answers = found[i] as Map<string, number>
      answers.set(answer, (answers.get(answer) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: 12 }, worker))
  agent.destroy()
  return found
}
