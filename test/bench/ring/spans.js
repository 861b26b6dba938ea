import { seeded } from '../statistics.js'

const methods = ['GET', 'GET', 'GET', 'GET', 'POST', 'PUT', 'DELETE']
const statuses = [200, 200, 200, 200, 200, 201, 204, 304, 404, 500]
const nouns = ['orders', 'users', 'carts', 'items', 'invoices', 'sessions', 'searches', 'reports']
const bytes = Buffer.alloc(8192)
const platforms = [
  'X11; Linux x86_64',
  'Windows NT 10.0; Win64; x64',
  'Macintosh; Intel Mac OS X 10_15_7'
]

/**
 * HTTP server spans of ten attributes as a real service has them: 40 routes with ids in their paths, a few hundred user agents, thousands
 * of clients, no two ports or durations alike. What repeats here repeats in life; with one user agent and one path a span would take
 * half the bytes.
 */
export class HttpSpans {
  #random
  #agents
  #clients
  #routes

  constructor(seed = 1) {
    const random = (this.#random = seeded(seed))
    const below = (n) => Math.floor(random() * n)
    this.#agents = Array.from({ length: 300 }, () => {
      const version = `${90 + below(60)}.0.${below(7000)}.${below(200)}`
      const platform = platforms[below(platforms.length)]
      return `Mozilla/5.0 (${platform}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version} Safari/537.36`
    })
    this.#clients = Array.from(
      { length: 5000 },
      () => `10.${below(256)}.${below(256)}.${below(256)}`
    )
    this.#routes = nouns.flatMap((noun) => [
      `/api/${noun}`,
      `/api/${noun}/:id`,
      `/api/${noun}/:id/history`,
      `/api/v2/${noun}/:id`,
      `/internal/${noun}/:id/refresh`
    ])
  }

  /** Name, attributes as pairs in one list, and duration in nanoseconds of the next span. */
  next() {
    const method = this.#one(methods)
    const route = this.#common(this.#routes)
    const name = `${method} ${route}`
    return { name, attributes: this.#attributes(method, route), duration: this.#duration() }
  }

  #attributes(method, route) {
    return [
      'http.request.method',
      method,
      'url.path',
      this.text(route.replace(':id', String(this.below(10_000_000)))),
      'url.scheme',
      'https',
      'server.address',
      'api.example.com',
      'network.peer.address',
      this.#common(this.#clients),
      'network.peer.port',
      1024 + this.below(64_000),
      'network.protocol.version',
      '1.1',
      'user_agent.original',
      this.#common(this.#agents),
      'http.route',
      route,
      'http.response.status_code',
      this.#one(statuses)
    ]
  }

  /** Mostly a few milliseconds, sometimes seconds. */
  #duration() {
    return Math.round(
      1e6 * Math.exp(1 + 1.5 * (this.#random() + this.#random() + this.#random() - 1.5))
    )
  }

  // Few are seen often and most seldom: half of all draws fall on an eighth of the list.
  #common(list) {
    return list[Math.floor(list.length * this.#random() ** 3)]
  }

  #one(list) {
    return list[this.below(list.length)]
  }

  below(n) {
    return Math.floor(this.#random() * n)
  }

  hex(digits) {
    for (let at = 0; at < digits / 2; at += 4) bytes.writeUInt32LE(this.below(2 ** 32), at)
    return bytes.toString('hex', 0, digits / 2)
  }

  /** The same text in one piece: what comes from a socket is never the rope that V8 makes of a concatenation, and slow to read. */
  text(joined) {
    return bytes.toString('latin1', 0, bytes.write(joined, 'latin1'))
  }
}
