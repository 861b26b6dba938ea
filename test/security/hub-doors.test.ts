import { channel } from 'node:diagnostics_channel'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Server as NetServer } from 'node:net'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { executablePath, hasBrowser } from '../ui/browser.ts'
import { ownHub, type OwnHub } from './in-process-hub.ts'
import { rebind } from './rebinder.ts'

const spans = JSON.stringify([
  { traceId: 'a'.repeat(16), id: 'b'.repeat(16), name: 'poisoned', timestamp: 1.7e15 }
])
const request = JSON.stringify({
  resourceSpans: [
    {
      scopeSpans: [
        {
          spans: [
            {
              traceId: 'a'.repeat(32),
              spanId: 'b'.repeat(16),
              name: 'poisoned',
              startTimeUnixNano: '1700000000000000000'
            }
          ]
        }
      ]
    }
  ]
})

/** What each port of HTTP answers to, and how it is written to. */
const doors = [
  { name: 'OTLP/HTTP', reads: ['/_traces/api/traces'], writes: '/v1/traces', body: request },
  {
    name: 'Zipkin',
    reads: ['/api/v2/traces', '/zipkin/api/v2/services', '/zipkin/config.json'],
    writes: '/api/v2/spans',
    body: spans
  },
  {
    name: 'Jaeger',
    reads: ['/api/traces?service=shop', '/api/services'],
    writes: '/api/traces',
    body: request
  }
] as const

/** A hub with one trace that nobody else may see. */
async function hubWithTrace(): Promise<OwnHub> {
  const own = await ownHub()
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify([
    {
      traceId: 'c'.repeat(16),
      id: 'd'.repeat(16),
      name: 'secret-trace',
      timestamp: Date.now() * 1000,
      localEndpoint: { serviceName: 'shop' }
    }
  ])
  const url = `${own.origin('Zipkin')}/api/v2/spans`
  expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(202)
  return own
}

const tracesOf = (own: OwnHub): number => [...own.hub.store.traces()].length

describe.each(doors)('the port for $name', ({ name, reads, writes, body }) => {
  let own: OwnHub
  /** A second one, for what makes a hub ask for tokens. */
  let other: OwnHub
  beforeAll(async () => {
    own = await hubWithTrace()
    other = await hubWithTrace()
  })

  const portOf = (at: OwnHub): number => Number(new URL(at.origin(name)).port)

  /** Sends a request as it is written, and gives the answer as it comes. */
  function raw(head: string, at: OwnHub = own): Promise<string> {
    return new Promise((resolve, reject) => {
      let text = ''
      const socket = connect(portOf(at), '127.0.0.1', () => {
        socket.write(`${head}\r\nConnection: close\r\n\r\n`, 'latin1')
      })
      socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
      socket.on('close', () => resolve(text)).on('error', reject)
    })
  }

  it('answers this machine', async () => {
    for (const path of reads) {
      const answer = await raw(`GET ${path} HTTP/1.1\r\nHost: localhost`)
      expect(answer).toMatch(/^HTTP\/1\.1 200 /)
    }
  })

  it('says nothing to a host that is not its own, nor to who names none', async () => {
    for (const path of reads) {
      for (const host of ['evil.test', 'localhost.evil.test', 'a b', '[::1', 'localhost@evil.test'])
        expect(await raw(`GET ${path} HTTP/1.1\r\nHost: ${host}`, other)).toMatch(
          /^HTTP\/1\.1 40[03] /
        )
      expect(await raw(`GET ${path} HTTP/1.0`, other)).toMatch(/^HTTP\/1\.1 400 /)
      expect(await raw(`GET ${path} HTTP/1.0\r\nHost: localhost`, other)).not.toContain('secret-')
    }
  })

  it('finds no other address behind an odd one', async () => {
    const target = reads[0]
    for (const odd of [
      `/${target}`,
      `//evil.test${target}`,
      `http://evil.test${target}`,
      `http://localhost${target}`,
      `/.${target}`,
      `/%2e${target}`,
      `/x/..${target}`,
      target.replace('/', '/\\'),
      '/_traces/../api/v2/traces',
      '/_tracesx/api/traces',
      '*'
    ]) {
      const answer = await raw(`GET ${odd} HTTP/1.1\r\nHost: localhost`)
      // At most the page itself, which holds no data.
      if (!odd.startsWith('/_traces/')) expect(answer).toMatch(/^HTTP\/1\.1 (?:404|400) /)
      expect(answer).not.toMatch(/evil|secret-/)
    }
    for (const odd of ['/api/v2/../../api/clear', '/zipkin/../api/clear', '/api/../clear'])
      expect(await raw(`POST ${odd} HTTP/1.1\r\nHost: localhost\r\nX-Spanlight: 1`)).toMatch(
        /^HTTP\/1\.1 40[345] /
      )
    expect(tracesOf(own)).toBe(1)
  })

  it('sends headers that let nothing run, be kept or be taken for something else', async () => {
    for (const path of [...reads, '/nothing', writes]) {
      const answer = await raw(`GET ${path} HTTP/1.1\r\nHost: localhost`)
      const head = answer.split('\r\n\r\n', 1)[0] as string
      expect(head).toMatch(/^x-content-type-options: nosniff$/im)
      expect(head).toMatch(/^cache-control: no-store$/im)
      expect(head).toMatch(/^content-type: (?:application\/json|text\/plain)/im)
      expect(head).not.toMatch(/access-control/i)
    }
  })

  describe.skipIf(!hasBrowser)('in a browser', () => {
    let browser: Browser
    let attacker: Server
    let page: Page
    let victim: OwnHub
    let rebinder: NetServer
    const statuses: number[] = []
    const onFinish = (message: unknown): void => {
      const { request: req, response } = message as {
        request: IncomingMessage
        response: ServerResponse
      }
      if (req.socket.localPort === portOf(victim)) statuses.push(response.statusCode)
    }

    beforeAll(async () => {
      attacker = createServer((_req, res) => {
        res.setHeader('content-type', 'text/html')
        res.end('<!doctype html><title>attacker</title><body></body>')
      })
      await new Promise<void>((resolve) => attacker.listen(0, '127.0.0.1', resolve))
      browser = await chromium.launch({
        executablePath,
        args: [
          '--headless',
          '--no-sandbox',
          '--disable-gpu',
          '--host-resolver-rules=MAP *.test 127.0.0.1'
        ]
      })
      rebinder = rebind(portOf(other))
      await new Promise<void>((resolve) => rebinder.listen(0, '127.0.0.1', resolve))
      channel('http.server.response.finish').subscribe(onFinish)
    })
    afterAll(async () => {
      channel('http.server.response.finish').unsubscribe(onFinish)
      await browser?.close()
      attacker?.closeAllConnections()
      attacker?.close()
      rebinder?.close()
    })
    beforeEach(() => void statuses.splice(0))

    it.each([
      ['another site', 'attacker.test', 'localhost'],
      ['another port', 'localhost', 'localhost'],
      ['another name of this machine', 'localhost', '127.0.0.1'],
      ['a name that was rebound', 'rebound.test', 'rebound.test']
    ])('gives nothing to %s, and takes nothing of it', async (_who, from, at) => {
      const rebound = from === 'rebound.test'
      victim = rebound ? other : own
      const here = (rebound ? rebinder : attacker).address() as AddressInfo
      const target = `http://${at}:${rebound ? here.port : portOf(own)}`
      page = await browser.newPage()
      await page.goto(`http://${from}:${here.port}/attack`)
      const loot = await page.evaluate(
        async ({ base, paths, write, content }) => {
          const read: string[] = []
          const get = async (address: string, init?: RequestInit): Promise<void> => {
            try {
              read.push(await (await fetch(address, init)).text())
            } catch {
              // Nothing to read.
            }
          }
          const loaded = (tag: 'script' | 'iframe' | 'img', src: string): Promise<void> =>
            new Promise((resolve) => {
              const one = document.createElement(tag)
              one.addEventListener('load', () => resolve())
              one.addEventListener('error', () => resolve())
              setTimeout(resolve, 300)
              one.src = src
              document.body.append(one)
            })
          for (const path of paths) {
            await get(base + path)
            await get(base + path, { mode: 'no-cors' })
            await get(base + path, { headers: { 'x-spanlight': '1' } })
            await loaded('script', base + path)
            await loaded('iframe', base + path)
            await loaded('img', base + path)
          }
          const json = { 'content-type': 'application/json' }
          for (const path of [write, '/_traces/api/import', '/_traces/api/clear']) {
            const init = { method: 'POST', body: content }
            await get(base + path, { ...init, mode: 'no-cors' })
            await get(base + path, { ...init, headers: json })
            await get(base + path, { ...init, headers: { ...json, 'x-spanlight': '1' } })
            navigator.sendBeacon(base + path, content)
          }
          await new Promise((resolve) => setTimeout(resolve, 200))
          return read.join('\n')
        },
        { base: target, paths: [...reads], write: writes, content: body }
      )
      await page.close()
      expect(loot).not.toContain('secret-')
      expect(statuses.length).toBeGreaterThan(5)
      expect(statuses.filter((status) => status < 400)).toEqual([])
      expect(tracesOf(victim)).toBe(1)
    })
  })
})
