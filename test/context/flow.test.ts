import { AsyncResource } from 'node:async_hooks'
import { execFile } from 'node:child_process'
import { pbkdf2, randomBytes } from 'node:crypto'
import { channel, tracingChannel } from 'node:diagnostics_channel'
import { lookup } from 'node:dns'
import { EventEmitter, on, once } from 'node:events'
import { readFile } from 'node:fs'
import { open } from 'node:fs/promises'
import { createServer, get, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, type Server } from 'node:net'
import { createInterface } from 'node:readline'
import { PassThrough, pipeline, Readable, Transform } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import {
  activeContext,
  bindTo,
  type Context,
  contextStorage,
  hasContext,
  rootContext,
  runIn
} from '../../src/context/context.ts'

const key = Symbol('where')
const here = rootContext.setValue(key, 'here')
const elsewhere = rootContext.setValue(key, 'elsewhere')

const servers: Server[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((done) => server.close(done))
})

async function listen(server: Server): Promise<number> {
  servers.push(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port
}

type Done = (error?: unknown) => void

/** What a host waits with. Each is begun in a context and must call back in it, whatever the context is that its work is done in. */
const callbacks: Record<string, (done: Done) => void> = {
  'process.nextTick': (done) => process.nextTick(done),
  queueMicrotask: (done) => queueMicrotask(() => done()),
  setImmediate: (done) => void setImmediate(() => done()),
  setTimeout: (done) => void setTimeout(() => done(), 1),
  setInterval: (done) => {
    let rounds = 0
    const timer = setInterval(() => {
      if (++rounds < 3) return
      clearInterval(timer)
      done()
    }, 1)
  },
  'then of a promise that settled long ago': (done) => void settled.then(bare(done)),
  'catch of a rejection': (done) =>
    void new Promise((_, fail) => setImmediate(fail, new Error('on purpose'))).catch(bare(done)),
  finally: (done) => void sleep(1).finally(bare(done)),
  'fs with a callback': (done) => readFile(import.meta.filename, (error) => done(error)),
  'dns.lookup': (done) => lookup('127.0.0.1', (error) => done(error)),
  'crypto.pbkdf2': (done) => pbkdf2('a', 'b', 1, 8, 'sha256', (error) => done(error)),
  'crypto.randomBytes': (done) => randomBytes(8, (error) => done(error)),
  'zlib.gzip': (done) => gzip('text', (error) => done(error)),
  'child_process.execFile': (done) =>
    void execFile(process.execPath, ['--version'], (error) => done(error)),
  'the finish of a pipeline': (done) =>
    pipeline(Readable.from(['a']), new PassThrough(), async (read) => text(read), done),
  'data of a stream that a timer pushes to': (done) => {
    const stream = new Readable({ read() {} })
    stream.once('data', () => done())
    setTimeout(() => stream.push('late'), 1)
  },
  'an emitter, emitted in the same context': (done) => {
    const emitter = new EventEmitter()
    emitter.once('event', () => done())
    setImmediate(() => emitter.emit('event'))
  }
}

const settled: Promise<void> = Promise.resolve()

function bare(done: Done): () => void {
  return () => done()
}

// What a query builder is: no promise, but awaited as one.
function thenable(then: (done: () => void) => void): object {
  // oxlint-disable-next-line unicorn/no-thenable
  return { then }
}

describe('the context is held by', () => {
  for (const [name, begin] of Object.entries(callbacks))
    it(name, async () => {
      const found = await new Promise<Context>((resolve, reject) => {
        runIn(here, begin, (error) => (error ? reject(error as Error) : resolve(activeContext())))
        expect(hasContext()).toBe(false)
      })
      expect(found).toBe(here)
    })

  const awaited: Record<string, () => unknown> = {
    'a value': () => 1,
    'a promise': () => Promise.resolve(),
    'an async function': async () => settled,
    'a thenable': () => thenable((done) => done()),
    'a thenable that calls back later': () => thenable((done) => void setImmediate(done)),
    'a thenable that calls back from another context': () =>
      thenable((done) => runIn(elsewhere, () => void setImmediate(done))),
    'a promise that is settled from another context': () =>
      new Promise<void>((done) => runIn(elsewhere, () => void setImmediate(done))),
    'Promise.all, race, any and allSettled': async () => {
      const some = () => [sleep(1), sleep(2)]
      await Promise.all([
        Promise.all(some()),
        Promise.race(some()),
        Promise.any(some()),
        Promise.allSettled(some())
      ])
    },
    'a promisified callback': () => promisify(gzip)('text'),
    'events.once': async () => {
      const emitter = new EventEmitter()
      runIn(elsewhere, () => void setImmediate(() => emitter.emit('event')))
      await once(emitter, 'event')
    },
    'fs.promises': async () => {
      const file = await open(import.meta.filename)
      await file.stat()
      await file.close()
    },
    'an import': () => import('node:os')
  }
  for (const [name, wait] of Object.entries(awaited))
    it(`await of ${name}`, async () => {
      const found = runIn(here, async () => {
        await wait()
        return activeContext()
      })
      expect(hasContext()).toBe(false)
      expect(await found).toBe(here)
      expect(hasContext()).toBe(false)
    })

  const iterated: Record<string, () => AsyncIterable<unknown>> = {
    'a stream': () => Readable.from(['a', 'b']),
    'a file': () => createInterface({ input: Readable.from(['a\nb\n']) }),
    'the events of an emitter': () => {
      const emitter = new EventEmitter()
      setImmediate(() => emitter.emit('event', 1))
      setImmediate(() => emitter.emit('end'))
      return on(emitter, 'event', { close: ['end'] })
    },
    'an async generator': async function* () {
      yield await sleep(1, 'a')
      yield activeContext()
    }
  }
  for (const [name, source] of Object.entries(iterated))
    it(`for await over ${name}`, async () => {
      const found = await runIn(here, async () => {
        const contexts = []
        for await (const _ of source()) contexts.push(activeContext())
        return [...contexts, activeContext()]
      })
      expect(found.length).toBeGreaterThan(1)
      expect(new Set(found)).toEqual(new Set([here]))
    })

  it('a transform between two streams', async () => {
    const contexts: Context[] = []
    const transform = new Transform({
      transform(chunk, _encoding, done) {
        contexts.push(activeContext())
        setImmediate(done, null, chunk)
      }
    })
    await runIn(here, () => promisify(pipeline)(Readable.from(['a', 'b']), transform.resume()))
    expect(contexts).toEqual([here, here])
  })
})

describe('a server', () => {
  it('keeps the contexts of its connections apart, each through all it waits for', async () => {
    const answered: unknown[] = []
    const server = createServer((req, res) => {
      void contextStorage.run(rootContext.setValue(key, req.url), async () => {
        await sleep(Math.random() * 5)
        res.once(
          'finish',
          bindTo(activeContext(), () => answered.push(activeContext()))
        )
        res.end(String(activeContext().getValue(key)))
      })
    })
    const port = await listen(server)
    const paths = Array.from({ length: 30 }, (_, i) => `/${i}`)
    const bodies = await Promise.all(
      paths.map((path) =>
        fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } }).then(
          async (response) => response.text()
        )
      )
    )
    expect(bodies).toEqual(paths)
    const urls = answered.map((context) => (context as Context).getValue(key) as string)
    expect(urls.sort()).toEqual([...paths].sort())
  })

  it('calls back its own client in the context of the call, also over a connection that is shared', async () => {
    const server = createServer((_req, res) => res.end('body'))
    const port = await listen(server)
    const { Agent } = await import('node:http')
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const ask = async (context: Context) =>
      runIn(context, async () => {
        const request = get({ port, host: '127.0.0.1', agent })
        const [response] = (await once(request, 'response')) as [IncomingMessage]
        for await (const _ of response);
        return activeContext()
      })
    expect(await Promise.all([ask(here), ask(elsewhere), ask(here)])).toEqual([
      here,
      elsewhere,
      here
    ])
    agent.destroy()
  })

  it('of plain sockets calls the client back in the context it connected in', async () => {
    const port = await listen(createTcpServer((socket) => socket.end('bye')))
    const found = await new Promise<Context[]>((resolve) => {
      runIn(here, () => {
        const seen: Context[] = []
        const note = () => void seen.push(activeContext())
        const socket = connect(port, '127.0.0.1', note)
        socket.on('data', note)
        socket.on('close', () => resolve([...seen, activeContext()]))
      })
    })
    expect(found).toEqual([here, here, here])
  })
})

describe('what Node does not carry over, bindTo does', () => {
  it('an emitter calls its listeners in the context of the emit', () => {
    const emitter = new EventEmitter()
    const seen: Context[] = []
    runIn(here, () => {
      emitter.on('event', () => seen.push(activeContext()))
      emitter.on(
        'event',
        bindTo(here, () => seen.push(activeContext()))
      )
    })
    runIn(elsewhere, () => emitter.emit('event'))
    expect(seen).toEqual([elsewhere, here])
  })

  it("a pool of the host's own runs what waits in it in the context of who makes room", async () => {
    const waiting: (() => void)[] = []
    const jobs = runIn(here, () => [
      new Promise((done) => waiting.push(() => done(activeContext()))),
      new Promise((done) => waiting.push(bindTo(here, () => done(activeContext())))),
      new Promise((done) =>
        waiting.push(AsyncResource.bind(() => done(activeContext())) as () => void)
      )
    ])
    runIn(elsewhere, () => waiting.forEach((run) => run()))
    expect(await Promise.all(jobs)).toEqual([elsewhere, here, here])
  })
})

describe('a diagnostics channel bound to the storage', () => {
  it('runs what is traced in the context that its message makes', async () => {
    const messages = tracingChannel<Context, { name: string }>('spanlight-test')
    messages.start.bindStore(contextStorage, (message) =>
      activeContext().setValue(key, (message as { name: string }).name)
    )
    const inside = runIn(here, () =>
      messages.tracePromise(
        async () => {
          await sleep(1)
          return activeContext()
        },
        { name: 'query' }
      )
    )
    expect((await inside).getValue(key)).toBe('query')
    expect(hasContext()).toBe(false)
    messages.start.unbindStore(contextStorage)
    expect(runIn(here, () => messages.traceSync(() => activeContext(), { name: 'query' }))).toBe(
      here
    )
  })

  it('publishes to subscribers in the context of the publisher', () => {
    const messages = channel('spanlight-test-plain')
    const seen: Context[] = []
    const note = () => void seen.push(activeContext())
    runIn(elsewhere, () => messages.subscribe(note))
    runIn(here, () => messages.publish({}))
    messages.unsubscribe(note)
    expect(seen).toEqual([here])
  })
})

describe('tasks at the same time', () => {
  type Task = ('tick' | 'timer' | 'immediate' | 'micro' | Task)[]
  const { task } = fc.letrec<{ task: Task; step: Task[number] }>((tie) => ({
    task: fc.array(tie('step'), { maxLength: 4 }),
    step: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom('tick' as const, 'timer' as const, 'immediate' as const, 'micro' as const),
      tie('task')
    )
  }))
  const waits = {
    tick: async () => new Promise<void>((done) => process.nextTick(done)),
    timer: async () => sleep(0),
    immediate: async () => new Promise<void>((done) => setImmediate(done)),
    micro: async () => settled
  }

  // Each list is work in a context of its own; a list within a list is begun, and awaited only at the end.
  async function perform(steps: Task, strays: unknown[]): Promise<void> {
    const context = rootContext.setValue(key, steps)
    await runIn(context, async () => {
      const begun: Promise<void>[] = []
      for (const step of steps) {
        if (Array.isArray(step)) begun.push(perform(step, strays))
        else await waits[step]()
        if (activeContext() !== context) strays.push(step)
      }
      await Promise.all(begun)
      if (activeContext() !== context) strays.push('end')
    })
  }

  it('each find their own context after each wait, however they are nested', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(task, { maxLength: 4 }), async (tasks) => {
        const strays: unknown[] = []
        await Promise.all(tasks.map(async (steps) => perform(steps, strays)))
        expect(strays).toEqual([])
        expect(hasContext()).toBe(false)
      }),
      { numRuns: 60 }
    )
  })
})
