import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Consumer } from '../tracing/child.ts'
import { ask, Connection, eventually, meetingPoints, temporary } from './setup.ts'

let consumer: Consumer

beforeAll(() => {
  consumer = new Consumer()
})
afterAll(() => consumer.remove())

// PM2's daemon is the primary of all the applications that it runs, and names them in their environment.
const daemon = `
  import cluster from 'node:cluster'
  cluster.setupPrimary({ exec: './worker.mjs' })
  const ports = {}
  let listening = 0
  for (const name of ['shop', 'mail'])
    for (const instance of [0, 1]) {
      const worker = cluster.fork({ pm_id: String(instance), name })
      worker.on('message', (port) => {
        ;(ports[name] ??= []).push(port)
        if (++listening === 4) console.log('ready', JSON.stringify(ports))
      })
    }
  process.on('SIGTERM', () => process.exit())`
const worker = `
  import express from 'express'
  import { tracing } from 'spanlight'
  const app = express()
  app.use(tracing({ access: 'local' }))
  app.get('/pid', (req, res) => res.json({ pid: process.pid, name: process.env.name }))
  const server = app.listen({ port: 0, host: '127.0.0.1', exclusive: true }, () => process.send(server.address().port))`

describe('several applications below one parent', () => {
  it('are families of their own', async () => {
    consumer.run(worker, {}, 'worker.mjs').kill('SIGKILL')
    const child = consumer.run(daemon, { TMPDIR: temporary(consumer) }, 'daemon.mjs')
    const [, text] = await child.prints(/ready (.*)/)
    const ports = JSON.parse(text as string) as Record<string, number[]>
    for (const [name, own] of Object.entries(ports)) {
      for (const port of own) await ask(port, `/pid?${name}`)
      for (const port of own) {
        const one = await Connection.open(port)
        await eventually(async () => {
          const { workers } = await one.json<{ workers: { workers: unknown[] } }>('status')
          return workers.workers.length === 2
        })
        const { traces } = await one.json<{ traces: { service: string }[] }>('traces?q=shop')
        expect(traces).toHaveLength(name === 'shop' ? 2 : 0)
        one.close()
      }
    }
    expect(meetingPoints(consumer)).toHaveLength(2)
    child.kill('SIGTERM')
    await child.ended
  })
})

describe('a process that is no worker', () => {
  it('meets nobody and opens nothing', async () => {
    const child = consumer.run(
      `const { createServer } = require('node:http')
       const { existsSync } = require('node:fs')
       const { tmpdir } = require('node:os')
       // Both are pipes here, and made when they are first used.
       console.log('begin', process.stderr.fd)
       const pipes = () => process.getActiveResourcesInfo().filter((name) => name.startsWith('Pipe')).length
       const before = [pipes(), process.listenerCount('exit')]
       const { traced } = require('spanlight/http')
       const server = traced(createServer((req, res) => res.end()))
       server.listen(0, '127.0.0.1', () => {
         console.log(JSON.stringify([before, [pipes(), process.listenerCount('exit')], existsSync(tmpdir() + '/spanlight-' + process.getuid())]))
         server.close()
       })`,
      { TMPDIR: mkdtempSync(join(temporary(consumer), 'empty-')) },
      'plain.cjs'
    )
    const { stdout, code } = await child.ended
    expect(code).toBe(0)
    const [before, after, met] = JSON.parse(stdout.split('\n')[1] as string) as unknown[]
    expect(after).toEqual(before)
    expect(met).toBe(false)
  })
})

describe('a worker that has nothing more to do', () => {
  it('ends by itself, and takes its socket away', async () => {
    const child = consumer.run(
      `import cluster from 'node:cluster'
       import { readdirSync } from 'node:fs'
       import { tmpdir } from 'node:os'
       import { tracing, withSpan } from 'spanlight'
       if (cluster.isPrimary) {
         const worker = cluster.fork()
         worker.on('message', (files) => { console.log('met', files); worker.disconnect() })
         worker.on('exit', (code) => console.log('ended', code))
       } else {
         tracing({ access: 'local' })
         const look = () => {
           const files = readdirSync(tmpdir() + '/spanlight-' + process.getuid()).filter((file) => file.startsWith(process.ppid + '-'))
           if (files.length === 1) process.send(files.length)
           else setTimeout(look, 20)
         }
         look()
       }`,
      { TMPDIR: temporary(consumer) }
    )
    const { stdout, code } = await child.ended
    expect(stdout).toBe('met 1\nended 0\n')
    expect(code).toBe(0)
    expect(meetingPoints(consumer)).toEqual([])
  })

  it('says once that it stays alone where it cannot meet anybody', async () => {
    const child = consumer.run(
      `import cluster from 'node:cluster'
       import { tracing } from 'spanlight'
       if (cluster.isPrimary) cluster.fork().on('exit', (code) => console.log('ended', code))
       else {
         tracing({ access: 'local' })
         setTimeout(() => process.disconnect(), 200)
       }`,
      { TMPDIR: '/nowhere/at/all' }
    )
    const { stdout, stderr } = await child.ended
    expect(stdout).toBe('ended 0\n')
    expect(stderr.match(/cannot meet/g)).toHaveLength(1)
  })
})
