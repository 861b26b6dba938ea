import { createServer, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, expect, it } from 'vitest'
import { expressMiddleware } from '../../src/host/express.ts'
import { koaMiddleware } from '../../src/host/koa.ts'
import { traced } from '../../src/host/http.ts'
import { closeAll, expressVersions, koaVersions, listen, watched } from './setup.ts'
import type { RequestListener } from 'node:http'
import type { Host } from '../../src/host/host.ts'

afterEach(closeAll)

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

type Watch = (...objects: object[]) => void

// Each holds the context beyond the request's end, the way hosts do: a timer that goes on, a promise that is never settled.
function linger(): void {
  setInterval(() => {}, 60_000).unref()
  void new Promise(() => {}).then(() => {})
}

const apps: [string, (host: Host, watch: Watch) => RequestListener][] = [
  [
    'bare http',
    (host, watch) =>
      traced(host, (req: IncomingMessage, res) => {
        const body: Buffer[] = []
        watch(req, res, body)
        req.on('data', (chunk: Buffer) => body.push(chunk))
        req.on('end', () => {
          linger()
          res.end('ok')
        })
      })
  ],
  ...expressVersions.map(
    ([version, express]): [string, (host: Host, watch: Watch) => RequestListener] => [
      version,
      (host, watch) => {
        const app = express()
        app.use(expressMiddleware(host))
        app.use(express.json())
        app.post('/', (req, res) => {
          watch(req, res, req.body as object)
          linger()
          res.send('ok')
        })
        return app
      }
    ]
  ),
  ...koaVersions.map(([version, Koa]): [string, (host: Host, watch: Watch) => RequestListener] => [
    version,
    (host, watch) => {
      const app = new Koa()
      app.use(koaMiddleware(host))
      app.use((ctx) => {
        watch(ctx.req, ctx.res, ctx)
        linger()
        ctx.body = 'ok'
      })
      return app.callback()
    }
  ])
]

it.each(apps)(
  'request, response and body of %s are let go of on a connection that stays open',
  async (_name, build) => {
    const recorder = watched()
    const refs: WeakRef<object>[] = []
    const listener = build(recorder.host, (...objects) => {
      for (const object of objects) refs.push(new WeakRef(object))
    })
    const port = await listen(createServer(listener))
    const socket = connect(port, '127.0.0.1')
    const post =
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{"a":1}'
    for (let i = 0; i < 3; i++) {
      socket.write(post)
      await recorder.servers(i + 1)
    }
    // The last request may still be the parser's; the two before it are nobody's.
    const old = refs.slice(0, -refs.length / 3)
    expect(old.length).toBeGreaterThan(3)
    const left = (): (string | undefined)[] => {
      collect()
      return old.flatMap((ref) => ref.deref()?.constructor.name ?? [])
    }
    await expect.poll(left).toEqual([])
    expect(socket.destroyed).toBe(false)
    socket.destroy()
  }
)
