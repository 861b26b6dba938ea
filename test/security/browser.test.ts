import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, type Server as NetServer } from 'node:net'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { TraceList } from '../../src/wire/summary.ts'
import { buildOnce, executablePath, hasBrowser } from '../ui/browser.ts'
import { until } from '../until.ts'
import { attack, further, type Loot, techniques } from './attacks.ts'
import { type Program, start } from './child.ts'
import { rebind } from './rebinder.ts'

const token = randomBytes(32).toString('base64url')

/** An application with one trace that nobody else may see. */
class Victim {
  readonly #program: Program
  readonly port: number

  constructor(program: Program, port: number) {
    this.#program = program
    this.port = port
  }

  static async start(framework: string, access: string, allowedHosts: string[]): Promise<Victim> {
    const program = start('gate-app.js', { NODE_ENV: 'development' })
    program.tell({ framework, options: { service: 'shop', access, allowedHosts, token } })
    const { port } = await program.heard<{ port: number }>()
    const victim = new Victim(program, port)
    await fetch(`http://127.0.0.1:${port}/secret-trace`)
    return victim
  }

  /** Its traces in full, by its own account. */
  async traces(): Promise<string> {
    const api = `http://127.0.0.1:${this.port}/_traces/api/traces`
    const init = { headers: { authorization: `Bearer ${token}` } }
    const { traces } = (await (await fetch(api, init)).json()) as TraceList
    const texts = traces.map(async ({ traceId }) =>
      (await fetch(`${api}/${traceId}?format=otlp`, init)).text()
    )
    return (await Promise.all(texts)).join()
  }

  /** What it was asked to look at more closely. */
  async wishes(): Promise<string> {
    const headers = { authorization: `Bearer ${token}` }
    return (await fetch(`http://127.0.0.1:${this.port}/_traces/api/inspect`, { headers })).text()
  }

  /** How it answered requests to its page since it was asked last. */
  async answers(): Promise<string[]> {
    this.#program.tell({})
    return (await this.#program.heard<{ answers: string[] }>()).answers
  }

  /** The same, once there is one. */
  async someAnswers(): Promise<string[]> {
    let answers: string[] = []
    await until(async () => (answers = await this.answers()).length > 0)
    return answers
  }

  stop(): Promise<void> {
    return this.#program.kill()
  }
}

describe.skipIf(!hasBrowser)('in a browser', () => {
  let browser: Browser
  let local: Victim
  let rebound: Victim
  let staging: Victim
  let attacker: Server
  let attackerPort: number
  let rebinder: NetServer
  let reboundPort: number
  let context: BrowserContext

  beforeAll(async () => {
    await buildOnce()
    attacker = createServer((_req, res) => {
      res.setHeader('content-type', 'text/html')
      res.end('<!doctype html><title>attacker</title><body></body>')
    })
    await new Promise<void>((resolve) => attacker.listen(0, '127.0.0.1', resolve))
    attackerPort = (attacker.address() as AddressInfo).port
    const names = ['attacker.test', 'rebound.test', 'staging.test']
    const rules = names.map((name) => `MAP ${name} 127.0.0.1`).join(', ')
    ;[browser, local, rebound, staging] = await Promise.all([
      chromium.launch({
        executablePath,
        args: ['--headless', '--no-sandbox', '--disable-gpu', `--host-resolver-rules=${rules}`]
      }),
      Victim.start('express', 'local', []),
      Victim.start('express', 'local', []),
      Victim.start('koa', 'token', ['staging.test'])
    ])
    rebinder = rebind(rebound.port)
    await new Promise<void>((resolve) => rebinder.listen(0, '127.0.0.1', resolve))
    reboundPort = (rebinder.address() as AddressInfo).port
  })

  afterAll(async () => {
    await browser?.close()
    rebinder?.close()
    await Promise.all([local?.stop(), rebound?.stop(), staging?.stop()])
    attacker?.closeAllConnections()
    attacker?.close()
  })

  const attackers: Record<string, () => { at: string; victim: Victim; target: string }> = {
    'another site, at localhost': () => ({
      at: `http://attacker.test:${attackerPort}/`,
      victim: local,
      target: `http://localhost:${local.port}/_traces/`
    }),
    'another port of localhost': () => ({
      at: `http://localhost:${attackerPort}/`,
      victim: local,
      target: `http://localhost:${local.port}/_traces/`
    }),
    'a name that was rebound to this machine': () => ({
      at: `http://rebound.test:${reboundPort}/attack`,
      victim: rebound,
      target: `http://rebound.test:${reboundPort}/_traces/`
    }),
    'another site, at a staging server without TLS': () => ({
      at: `http://attacker.test:${attackerPort}/`,
      victim: staging,
      target: `http://staging.test:${staging.port}/_traces/`
    }),
    'localhost, at 127.0.0.1': () => ({
      at: `http://localhost:${attackerPort}/`,
      victim: local,
      target: `http://127.0.0.1:${local.port}/_traces/`
    })
  }

  describe.each(Object.entries(attackers))('%s', (_name, attackerOf) => {
    let page: Page
    let target: string
    let victim: Victim

    beforeAll(async () => {
      const { at, ...rest } = attackerOf()
      ;({ target, victim } = rest)
      context = await browser.newContext()
      page = await context.newPage()
      await page.goto(at)
    })
    // What the owner's windows have asked for is answered before the next attacker comes.
    afterAll(async () => {
      await context?.close()
      await victim?.traces()
      await victim?.someAnswers()
    })

    test.each([...techniques, ...further])('gets nothing by %s', async (technique) => {
      await victim.traces()
      await victim.someAnswers()
      const loot: Loot = await page.evaluate(attack, { technique, url: target })
      expect(loot.text).not.toMatch(/secret-|Spanlight/)
      expect(loot.opened).toBe(false)
      // The browser itself refuses this one; and a window is the owner's own, who sees in it what he may see.
      if (technique === 'worker' || technique === 'popup') {
        for (const window of context.pages()) if (window !== page) await window.close()
        return
      }
      // Handshakes are no requests to the server's listeners.
      const answers = await (technique === 'WebSocket' ? victim.answers() : victim.someAnswers())
      // A staging host without TLS gets no Sec-Fetch headers: there the shell, which holds no data, is answered, and kept from being framed.
      const shell = technique === 'iframe' && victim === staging ? ['200 GET /_traces/'] : []
      expect(answers.filter((answer) => answer < '400')).toEqual(shell)
    })

    test('has neither cleared nor forged a trace in the end', async () => {
      const traces = await victim.traces()
      expect(traces).toContain('/secret-trace')
      expect(traces).not.toContain('poisoned')
      expect(await victim.wishes()).toContain('"wishes":[]')
    })
  })

  describe('the owner', () => {
    afterEach(() => context?.close())

    async function openPage(url: string): Promise<Page> {
      context = await browser.newContext()
      const page = await context.newPage()
      await page.goto(url)
      return page
    }

    test.each(['localhost', '127.0.0.1'])(
      'sees the traces at %s and may change them',
      async (host) => {
        const page = await openPage(`http://${host}:${local.port}/_traces/`)
        await page.waitForSelector('.item >> text=/secret-trace')
        await page.waitForSelector('.live .dot.ok')
        expect(await pin(page)).toBe(200)
      }
    )

    test('sees the traces of a staging server with the token, which leaves the address', async () => {
      const page = await openPage(`http://staging.test:${staging.port}/_traces/#t=${token}`)
      await page.waitForSelector('.item')
      await page.waitForSelector('.live .dot.ok')
      expect(page.url()).toBe(`http://staging.test:${staging.port}/_traces/`)
      expect(await pin(page, token)).toBe(200)
    })

    test('sees nothing of a staging server without the token', async () => {
      const page = await openPage(`http://staging.test:${staging.port}/_traces/`)
      await page.waitForSelector('.live >> text=Locked')
      expect(await page.locator('.item').count()).toBe(0)
      expect(await pin(page, 'x'.repeat(43))).toBe(401)
    })

    test('may follow a link from another site', async () => {
      const page = await openPage(`http://attacker.test:${attackerPort}/`)
      await page.evaluate((url) => location.assign(url), `http://localhost:${local.port}/_traces/`)
      await page.waitForSelector('.item >> text=/secret-trace')
    })
  })

  test('what else runs at the application’s own origin cannot make a service worker of the page', async () => {
    context = await browser.newContext()
    const page = await context.newPage()
    const base = `http://localhost:${local.port}/`
    await page.goto(`${base}_traces/`)
    const script = await page.$eval('script[src]', (one) => (one as HTMLScriptElement).src)
    await page.goto(base)
    const failed = await page.evaluate(
      (url) => navigator.serviceWorker.register(url).then(() => '', String),
      script
    )
    expect(failed).toMatch(/403/)
    await context.close()
  })

  test('the page’s policy refuses what a string could become', async () => {
    context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(`http://localhost:${local.port}/_traces/`)
    const refused = await page.evaluate(() => {
      const one = document.createElement('div')
      const tries: (() => unknown)[] = [
        () => (one.innerHTML = '<b>x</b>'),
        () => document.write('<b>x</b>'),
        () => one.setAttribute('onclick', 'x'),
        () => new Worker('data:text/javascript,1'),
        () => (document.createElement('script').src = 'data:text/javascript,1')
      ]
      return tries.map((attempt) => {
        try {
          attempt()
          return 'allowed'
        } catch (error) {
          return (error as Error).name
        }
      })
    })
    expect(refused).not.toContain('allowed')
    await context.close()
  })
})

/** Pins the newest trace from within the page, as the page does it. */
function pin(page: Page, bearer = ''): Promise<number> {
  return page.evaluate(async (given) => {
    const headers: Record<string, string> = { 'x-spanlight': '1' }
    if (given !== '') headers['authorization'] = `Bearer ${given}`
    const list = await fetch('api/traces', { headers })
    if (!list.ok) return list.status
    const { traces } = (await list.json()) as { traces: { traceId: string }[] }
    const url = `api/traces/${traces[0]?.traceId}/pin`
    return (await fetch(url, { method: 'POST', headers })).status
  }, bearer)
}
