import { cpSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Consumer, type Ended, root } from './child.ts'

const env = { NODE_ENV: 'development' }
let consumer: Consumer

beforeAll(() => {
  consumer = new Consumer()
})

afterAll(() => consumer.remove())

/** How a program ends without us, and with. */
async function twice(program: (trace: boolean) => string): Promise<[Ended, Ended]> {
  const without = await consumer.run(program(false), env).ended
  const traced = await consumer.run(program(true), env).ended
  return [without, { ...traced, stderr: traced.stderr.replace(/^spanlight: .*\n/gm, '') }]
}

const app = (trace: boolean, options = ''): string => `
  import express from 'express'
  ${trace ? "import { tracing } from 'spanlight'" : ''}
  const app = express()
  ${trace ? `app.use(tracing(${options}))` : ''}
  app.get('/', (req, res) => res.send('hello'))
  app.get('/throws-later', (req, res) => void setTimeout(() => { throw new RangeError('later') }))
  app.get('/rejects', (req, res) => void Promise.reject(new RangeError('nobody')))
  const server = app.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const origin = 'http://127.0.0.1:' + server.address().port
`

describe('a process ends as it does without us', () => {
  it('when its server is closed', async () => {
    const [without, traced] = await twice(
      (trace) => `${app(trace)}
      await (await fetch(origin)).text()
      server.close(() => console.log('closed'))`
    )
    expect(without).toMatchObject({ code: 0, stdout: 'closed\n' })
    expect(traced).toEqual(without)
  })

  it('when its server is closed while a page looks on', async () => {
    const { code, stdout } = await consumer.run(
      `${app(true)}
      const live = await fetch(origin + '/_traces/live')
      const first = await live.body.getReader().read()
      console.log(Buffer.from(first.value).toString().includes('hello'))
      server.close(() => console.log('closed'))`,
      env
    ).ended
    expect([code, stdout]).toEqual([0, 'true\nclosed\n'])
  })

  it('when its server is closed and the page has a port of its own', async () => {
    const { code, stderr } = await consumer.run(
      `${app(true, '{ listen: { port: 0 } }')}
      server.close()`,
      env
    ).ended
    expect([code, stderr]).toEqual([0, expect.stringContaining('traces at')])
  })

  it('when nothing takes the spans that it exports', async () => {
    // Takes connections, and never answers.
    const silent = createServer(() => {})
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    try {
      const { code, signal } = await consumer.run(
        `${app(true, `{ export: 'http://127.0.0.1:${port}/v1/traces' }`)}
        for (let i = 0; i < 20; i++) await (await fetch(origin)).text()
        await new Promise((resolve) => setTimeout(resolve, 1200))
        server.close()`,
        env
      ).ended
      expect([code, signal]).toEqual([0, null])
    } finally {
      silent.close()
      silent.closeAllConnections()
    }
  })

  it('when it has no server at all', async () => {
    const { code } = await consumer.run(
      "import { tracing, withSpan } from 'spanlight'; tracing(); withSpan('job', () => {})",
      env
    ).ended
    expect(code).toBe(0)
  })

  it('by a code of its own', async () => {
    const { code } = await consumer.run(`${app(true)} process.exit(3)`, env).ended
    expect(code).toBe(3)
  })

  it.each<NodeJS.Signals>(['SIGTERM', 'SIGINT', 'SIGHUP'])(
    'by %s, which we leave alone',
    async (signal) => {
      const child = consumer.run(`${app(true)} console.log('ready')`, env)
      await child.prints(/ready/)
      child.kill(signal)
      expect(await child.ended).toMatchObject({ code: null, signal })
    }
  )

  it.each(['/throws-later', '/rejects'])(
    'by an exception that nobody catches: %s',
    async (path) => {
      const [without, traced] = await twice(
        (trace) => `${app(trace)}
      fetch(origin + '${path}').catch(() => {})`
      )
      expect(without.code).toBe(1)
      expect(without.stderr).toContain('RangeError')
      expect([traced.code, traced.signal]).toEqual([without.code, without.signal])
      // The host's own line above the error, not one of ours.
      expect(traced.stderr.split('\n')[0]).toMatch(/host\.mjs:\d+$/)
      expect(traced.stderr).toContain('RangeError')
    }
  )

  it('by an exception that it handles itself', async () => {
    const [without, traced] = await twice(
      (trace) => `
      process.on('uncaughtException', (error) => { console.log('caught', error.message); process.exit(7) })
      ${app(trace)}
      fetch(origin + '/throws-later').catch(() => {})`
    )
    expect(without).toMatchObject({ code: 7, stdout: 'caught later\n' })
    expect(traced).toEqual(without)
  })
})

describe('the package is loaded', () => {
  it('by import and by require, as one and the same', async () => {
    const { stdout, stderr, code } = await consumer.run(
      `
      const names = ['spanlight', 'spanlight/express', 'spanlight/koa', 'spanlight/http']
      const required = names.map((name) => require(name))
      console.log(required.map((entry) => typeof (entry.tracing ?? entry.traced)).join())
      void Promise.all(names.map((name) => import(name))).then((imported) => {
        console.log(imported.every((entry, i) => (entry.tracing ?? entry.traced) === (required[i].tracing ?? required[i].traced)))
      })
      console.log(require('spanlight/package.json').name)
      `,
      env,
      'host.cjs'
    ).ended
    expect(stderr).toBe('')
    expect(stdout).toBe('function,function,function,function\nspanlight\ntrue\n')
    expect(code).toBe(0)
  })

  it('by a CommonJS application, whose requests are recorded', async () => {
    const { stdout } = await consumer.run(
      `
      const { tracing } = require('spanlight')
      const express = require('express4')
      const app = express()
      app.use(tracing())
      app.get('/a', (req, res) => res.send('a'))
      const server = app.listen(0, '127.0.0.1', async () => {
        const origin = 'http://127.0.0.1:' + server.address().port
        await (await fetch(origin + '/a')).text()
        const { traces } = await (await fetch(origin + '/_traces/api/traces')).json()
        console.log(traces.some((trace) => trace.spans === 3))
        server.close()
      })
      `,
      env,
      'host.cjs'
    ).ended
    expect(stdout).toBe('true\n')
  })

  it('twice, as a hot reload or a second dependency does: one recorder, one span for a request and for each layer, with its route', async () => {
    cpSync(join(root, 'dist'), join(consumer.folder, 'node_modules/other/dist'), {
      recursive: true
    })
    cpSync(join(root, 'package.json'), join(consumer.folder, 'node_modules/other/package.json'))
    symlinkSync(join(root, 'node_modules/ws'), join(consumer.folder, 'node_modules/ws'))
    const { stdout, stderr } = await consumer.run(
      `
      import express from 'express'
      import Koa from 'koa'
      import { createServer } from 'node:http'
      import { shutdown } from 'spanlight'
      import { traced } from 'spanlight/http'
      import { activeSpan, tracing, withSpan } from './node_modules/other/dist/index.js'
      traced(() => {})
      const app = express()
      app.use(tracing())
      app.get('/a/:id', (req, res) => {
        console.log('loading')
        res.json(withSpan('step', () => activeSpan().isRecording()))
      })
      const koa = new Koa()
      koa.silent = true
      koa.use(tracing()).use(function fails() { throw new RangeError('too far') })
      const results = []
      for (const listener of [app, koa.callback()]) {
        const server = createServer(listener).listen(0, '127.0.0.1')
        await new Promise((resolve) => server.once('listening', resolve))
        const origin = 'http://127.0.0.1:' + server.address().port
        const path = listener === app ? '/a/7' : '/k'
        const { get } = await import('node:http')
        const ask = (path) => new Promise((resolve) => get(origin + path, (res) => {
          let text = ''
          res.on('data', (part) => (text += part)).on('end', () => resolve(text))
        }))
        results.push(await ask(path))
        await new Promise((resolve) => setTimeout(resolve, 50))
        const { traces } = JSON.parse(await ask('/_traces/api/traces?q=' + encodeURIComponent('@url.path=' + path)))
        for (const { traceId } of traces) {
          const { names, spans } = JSON.parse(await ask('/_traces/api/traces/' + traceId))
          const logs = JSON.parse(await ask('/_traces/api/traces/' + traceId + '/logs'))
          results.push(spans.name.map((name, row) => [names[name], spans.depth[row], spans.flags[row] & 128]), logs.length)
        }
        server.close()
      }
      process.stdout.write('>' + JSON.stringify(results))
      await shutdown()
      `,
      env
    ).ended
    const results = JSON.parse(stdout.split('>').at(-1) as string) as unknown[]
    expect(results, stderr).toEqual([
      'true',
      [
        [expect.stringMatching(/^GET 127/), 0, 0],
        ['GET /a/:id', 1, 0],
        ['request handler - /a/:id', 2, 0],
        ['step', 3, 0]
      ],
      1,
      'Internal Server Error',
      [
        [expect.stringMatching(/^GET 127/), 0, 0],
        ['GET', 1, 128],
        ['middleware - fails', 2, 128]
      ],
      0
    ])
  })

  it('without a line on any stream, and without a listener, a timer or a patch', async () => {
    const { stdout, stderr } = await consumer.run(
      `
      import http from 'node:http'
      const { request } = http
      const { log } = console
      const listeners = () => process.eventNames().map((name) => [name, process.listenerCount(name)]).join()
      const before = listeners()
      await import('spanlight')
      await import('spanlight/http')
      process.stdout.write(JSON.stringify([
        http.request === request,
        console.log === log,
        listeners() === before,
        process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout')
      ]))
      `,
      env
    ).ended
    expect([stdout, stderr]).toEqual(['[true,true,true,[]]', ''])
  })
})
