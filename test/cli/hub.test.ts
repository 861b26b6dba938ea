import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { version } from '../../src/version.ts'
import type { Status } from '../../src/wire/status.ts'
import { root } from '../package/manifest.ts'
import { PageApi } from '../tracing/setup.ts'
import {
  alone,
  endAll,
  freePorts,
  printedVariables,
  program,
  removeState,
  spanlight,
  startHub
} from './process.ts'

const held: Server[] = []

afterEach(async () => {
  await endAll()
  await Promise.all(held.splice(0).map((server) => new Promise((done) => server.close(done))))
})
afterAll(removeState)

/** Takes a port, as another program would. */
function hold(port: number): Promise<void> {
  return new Promise((done) => {
    held.push(createServer((socket) => socket.destroy()).listen(port, '127.0.0.1', done))
  })
}

/** A program with OpenTelemetry's SDK and nothing of ours, which has its set-up from its variables alone. */
const stranger = `
  import { context, trace } from '@opentelemetry/api'
  import { detectResources, envDetector } from '@opentelemetry/resources'
  import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node'
  const kind = { 'http/protobuf': 'proto', 'http/json': 'http', grpc: 'grpc' }[process.env.OTEL_EXPORTER_OTLP_PROTOCOL]
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-' + kind)
  const provider = new NodeTracerProvider({
    resource: detectResources({ detectors: [envDetector] }),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())]
  })
  const tracer = provider.getTracer('stranger')
  const outer = tracer.startSpan('make tea')
  tracer.startSpan('boil', {}, trace.setSpan(context.active(), outer)).end()
  outer.end()
  await provider.shutdown()
`

describe('spanlight', () => {
  it('is a hub, and says where it listens and which variables send traces to it', async () => {
    const [port, grpc, zipkin, jaeger] = (await freePorts(4)) as [number, number, number, number]
    const hub = spanlight([
      `--port=${port}`,
      `--grpc-port=${grpc}`,
      `--zipkin-port=${zipkin}`,
      `--jaeger-port=${jaeger}`
    ])
    await hub.prints(/Ctrl-C/)
    for (const [name, at] of [
      ['Page', `${port}/_traces/`],
      ['OTLP/HTTP', `${port}`],
      ['OTLP/gRPC', `${grpc}`],
      ['Zipkin', `${zipkin}`],
      ['Jaeger', `${jaeger}`]
    ])
      expect(hub.stdout).toMatch(new RegExp(`^ +${name} +http://localhost:${at}(?: |$)`, 'm'))
    expect(printedVariables(hub.stdout)).toEqual({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      OTEL_SERVICE_NAME: 'my-service'
    })
    expect(hub.stdout).toContain(`Spanlight ${version}, a hub: for this machine only`)
    expect(hub.stderr).toBe('')
  })

  it('shows what an OpenTelemetry SDK sends that was given the printed variables and nothing else', async () => {
    const { hub, origin } = await startHub()
    const sent = await program(stranger, printedVariables(hub.stdout)).ended
    expect(sent).toMatchObject({ code: 0, stderr: '' })
    const api = new PageApi(`${origin}/_traces`)
    expect(await api.named('make tea')).toMatchObject({ service: 'my-service', spans: 2 })
    expect(await api.get('status')).toMatchObject({
      service: 'Hub',
      hub: { listeners: [{ name: 'OTLP/HTTP', address: origin, bodies: 1, spans: 2 }] }
    })
  })

  it('does not lead an exporter that was given no path to the page, as if that had taken its spans', async () => {
    const { origin } = await startHub()
    const at = `${origin}/`
    const headers = { 'content-type': 'application/x-protobuf' }
    expect((await fetch(at, { method: 'POST', body: '', headers })).status).toBe(404)
    expect((await fetch(at)).url).toBe(`${at}_traces/`)
  })

  it('counts what comes over gRPC apart', async () => {
    const [grpc] = (await freePorts(1)) as [number]
    const { origin } = await startHub(['--port=0', ...alone, `--grpc-port=${grpc}`])
    const sent = await program(stranger, {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${grpc}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc'
    }).ended
    expect(sent).toMatchObject({ code: 0, stderr: '' })
    const { hub } = await new PageApi(`${origin}/_traces`).get<Status>('status')
    expect(hub?.listeners).toMatchObject([
      { name: 'OTLP/HTTP', bodies: 0, spans: 0 },
      { name: 'OTLP/gRPC', bodies: 1, spans: 2 }
    ])
  })

  it('is found on another address of this machine, too', async () => {
    const hub = spanlight(['--port=0', ...alone, '--host', '::1'])
    await hub.prints(/Ctrl-C/)
    const sent = await program(stranger, printedVariables(hub.stdout)).ended
    expect(sent).toMatchObject({ code: 0, stderr: '' })
    const [, page] = await hub.prints(/Page +(\S+\[::1\]\S+)/)
    expect((await spanlight(['tail', page as string, '--once']).ended).stdout).toContain('make tea')
  })

  it('records nothing of itself, whatever NODE_OPTIONS says', async () => {
    const hub = spanlight(['--port', '0', ...alone], {
      NODE_OPTIONS: '--import spanlight/register',
      NODE_ENV: 'development'
    })
    const [, origin] = await hub.prints(/Page +(http:\S+?)\/_traces\//)
    const answer = await fetch(`${origin}/`)
    expect(answer.url).toBe(`${origin}/_traces/`)
    expect(await answer.text()).toContain('Spanlight</title>')
    expect((await fetch(`${origin}/nothing`)).status).toBe(404)
    expect(await new PageApi(`${origin}/_traces`).traces()).toEqual([])
  })

  it("answers Jaeger's questions at the root of Jaeger's port, behind the same gate", async () => {
    const [jaeger] = (await freePorts(1)) as [number]
    const { hub } = await startHub(['--port=0', ...alone, `--jaeger-port=${jaeger}`])
    await program(stranger, printedVariables(hub.stdout)).ended
    const services = `http://127.0.0.1:${jaeger}/api/services`
    expect(await (await fetch(services)).json()).toMatchObject({ data: ['my-service'] })
    const elsewhere = { headers: { 'sec-fetch-site': 'cross-site' } }
    expect((await fetch(services, elsewhere)).status).toBe(403)
    expect((await fetch(`http://127.0.0.1:${jaeger}/v1/traces`, { method: 'POST' })).status).toBe(
      404
    )
  })

  it("takes spans and answers on Zipkin's port as Zipkin does, its page's questions as well", async () => {
    const [zipkin] = (await freePorts(1)) as [number]
    await startHub(['--port=0', ...alone, `--zipkin-port=${zipkin}`])
    const at = `http://127.0.0.1:${zipkin}`
    const sent = { traceId: 'a'.repeat(16), id: 'b'.repeat(16), name: 'count', duration: 5 }
    const span = { ...sent, timestamp: Date.now() * 1000, localEndpoint: { serviceName: 'stock' } }
    const { status } = await fetch(`${at}/api/v2/spans`, {
      method: 'POST',
      body: JSON.stringify([span]),
      headers: { 'content-type': 'application/json' }
    })
    expect(status).toBe(202)
    const json = async (path: string): Promise<unknown> => (await fetch(at + path)).json()
    for (const api of ['/api/v2', '/zipkin/api/v2']) {
      expect(await json(`${api}/services`)).toEqual(['stock'])
      expect(await json(`${api}/trace/${sent.traceId}`)).toMatchObject([span])
    }
    expect(await json('/zipkin/config.json')).toMatchObject({ searchEnabled: true })
    expect(await json('/health')).toMatchObject({ status: 'UP' })
    expect((await fetch(`${at}/v1/traces`)).status).toBe(404)
    const old = await fetch(`${at}/api/v1/spans`, { method: 'POST', body: '[]' })
    expect([old.status, await old.text()]).toEqual([
      404,
      "spans of Zipkin's version 1 are not taken: send version 2, to api/v2/spans"
    ])
  })

  it('ends at once when it is told to', async () => {
    for (const [signal, code] of [
      ['SIGINT', 130],
      ['SIGTERM', 143]
    ] as const) {
      const { hub } = await startHub()
      hub.kill(signal)
      expect((await hub.ended).code).toBe(code)
    }
  })

  it.runIf(process.platform === 'linux')(
    'opens the browser when asked to, or says that there is none',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'spanlight-browser-'))
      const words = ['--port=0', ...alone, '--quiet', '--open']
      try {
        const none = spanlight(words, { PATH: folder })
        const [, there] = await none.prints(/no browser could be opened; the page is at (\S+)/)
        expect(`${there}\n`).toBe(none.stdout)

        const said = join(folder, 'said')
        writeFileSync(
          join(folder, 'xdg-open'),
          `#!/bin/sh\necho "$1" > '${said}.part' && /bin/mv '${said}.part' '${said}'\n`,
          { mode: 0o755 }
        )
        const hub = spanlight(words, { PATH: folder })
        const [page] = await hub.prints(/http:.*\n/)
        while (!existsSync(said)) await new Promise((done) => setTimeout(done, 20))
        expect(readFileSync(said, 'utf8')).toBe(page)
        expect(hub.stderr).toBe('')
      } finally {
        rmSync(folder, { recursive: true })
      }
    }
  )

  it('prints the address alone when it is to be quiet', async () => {
    const hub = spanlight(['--port', '0', ...alone, '--quiet'])
    await hub.prints(/\n/)
    expect(hub.stdout).toMatch(/^http:\/\/localhost:\d+\/_traces\/\n$/)
  })
})

describe('a port that is taken', () => {
  it('is named with its use and the option that takes another one, and ends the hub when it is the one of OTLP', async () => {
    const [port] = (await freePorts(1)) as [number]
    await hold(port)
    const { code, stdout, stderr } = await spanlight(['--port', `${port}`, ...alone]).ended
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toBe(
      `spanlight: port ${port} for OTLP/HTTP is taken, often by an OpenTelemetry Collector, Jaeger or another hub; --port takes another one\n`
    )
  })

  it('is known for another hub where it is one', async () => {
    const { origin } = await startHub()
    const { code, stderr } = await spanlight(['--port', new URL(origin).port, ...alone]).ended
    expect([code, stderr]).toEqual([1, expect.stringContaining('by a hub that runs already')])
  })

  it('is said and left out where the hub can do without', async () => {
    const [zipkin] = (await freePorts(1)) as [number]
    await hold(zipkin)
    const { hub, origin } = await startHub(['--port=0', ...alone, `--zipkin-port=${zipkin}`])
    expect(hub.stdout).toContain(
      `port ${zipkin} for Zipkin is taken, often by a Zipkin server; --zipkin-port takes another one, or off`
    )
    const { hub: told } = await new PageApi(`${origin}/_traces`).get<Status>('status')
    expect(told?.listeners).toMatchObject([{ name: 'OTLP/HTTP' }, { name: 'Zipkin', address: '' }])
  })
})

describe('a hub for other machines', () => {
  it('asks for one token to look and another one to send, which outlive it', async () => {
    const words = ['--port', '0', ...alone, '--host', '0.0.0.0', '--allowed-host', 'localhost']
    const first = spanlight(words)
    await first.prints(/Ctrl-C/)
    const [, origin, token] = /(http:\S+)\/_traces\/#t=(\S+)/.exec(first.stdout) as unknown as [
      string,
      string,
      string
    ]
    const variables = printedVariables(first.stdout)
    const { port } = new URL(origin)
    expect(await program(stranger, variables).ended).toMatchObject({ code: 0, stderr: '' })

    const list = `http://127.0.0.1:${port}/_traces/api/traces`
    expect((await fetch(list)).status).toBe(401)
    const bearer = (text: string): RequestInit => ({ headers: { authorization: `Bearer ${text}` } })
    const { traces } = (await (await fetch(list, bearer(token))).json()) as { traces: object[] }
    expect(traces).toMatchObject([{ name: 'make tea' }])

    const ingestToken = /Bearer%20(\S+)/.exec(
      variables['OTEL_EXPORTER_OTLP_HEADERS'] as string
    )?.[1] as string
    expect(ingestToken).not.toBe(token)
    expect((await fetch(list, bearer(ingestToken))).status).toBe(401)
    const send = `http://127.0.0.1:${port}/v1/traces`
    const json = { 'content-type': 'application/json' }
    expect((await fetch(send, { method: 'POST', body: '{}', headers: json })).status).toBe(401)

    first.kill()
    await first.ended
    const second = spanlight(words)
    await second.prints(/Ctrl-C/)
    expect(printedVariables(second.stdout)['OTEL_EXPORTER_OTLP_HEADERS']).toBe(
      variables['OTEL_EXPORTER_OTLP_HEADERS']
    )
    expect(second.stdout).toContain(`#t=${token}`)
  })
})

describe('a port whose senders have no token', () => {
  it('is opened for whoever asked for it, where others need one', async () => {
    const token = ['--token', 'a-token-of-more-than-32-characters-0123']
    const [xray] = (await freePorts(1)) as [number]
    const some = ['--port=0', '--grpc-port=off', '--zipkin-port=off', '--jaeger-port=off', ...token]
    const without = await startHub(some)
    expect(without.hub.stdout).not.toMatch(/^ +X-Ray +udp:/m)
    expect(without.hub.stdout).toContain('--xray-port 2000 lets those of this machine in')
    const { hub } = await startHub([...some, `--xray-port=${xray}`])
    expect(hub.stdout).toMatch(new RegExp(`^ +X-Ray +udp://localhost:${xray} `, 'm'))
  })
})

describe('a hub for this machine that is asked through a proxy', () => {
  it('asks for tokens from then on, and says which ones', async () => {
    const { hub, origin } = await startHub()
    expect(await program(stranger, printedVariables(hub.stdout)).ended).toMatchObject({ code: 0 })
    const forwarded = { headers: { 'x-forwarded-for': '203.0.113.7' } }
    expect((await fetch(`${origin}/_traces/api/traces`, forwarded)).status).toBe(401)
    const [, token] = await hub.prints(/the page needs a token from now on: \S+#t=(\S+)/)
    const [, headers] = await hub.prints(
      /services need a token from now on: OTEL_EXPORTER_OTLP_HEADERS=(\S+)/
    )
    const variables = {
      ...printedVariables(hub.stdout),
      OTEL_EXPORTER_OTLP_HEADERS: headers as string
    }
    expect(await program(stranger, variables).ended).toMatchObject({ code: 0, stderr: '' })
    const { stdout } = await spanlight(['tail', origin, '--token', token as string, '--once']).ended
    expect(stdout.match(/make tea/g)).toHaveLength(2)
  })
})

describe('the command line', () => {
  it.each([
    [['--prot', '1'], "Unknown option '--prot'"],
    [['--port', '99999'], '--port must be a port from 1 to 65535, or off'],
    [['--memory', '1TB'], "--memory must be bytes or a text such as '64MB'"],
    [['--token', 'short'], '--token must be at least 32 characters'],
    [['fly'], "there is no command 'fly'"],
    [['hub', 'fly'], "'fly' is not understood"],
    [['tail', '--format', 'xml'], '--format must be human or json'],
    [['tail', '--query', 'colour:red'], 'the query is not understood: unknown key "colour"'],
    [['tail', '-n', '0'], '--count must be a whole number from 1 on']
  ])('%j is refused in words', async (words, said) => {
    const { code, stdout, stderr } = await spanlight(words).ended
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^spanlight: .*\n$/)
    expect(stderr).toContain(said)
  })

  it('says what it can do', async () => {
    const document = readFileSync(join(root, 'docs/hub.md'), 'utf8')
    const all = await spanlight(['--help']).ended
    expect(all.code).toBe(0)
    expect(all.stdout).toMatch(/^Usage: spanlight/)
    const names = [
      ...(all.stdout.split('Examples')[0] as string).matchAll(/^ {2}spanlight (\w+)/gm)
    ].map(([, name]) => name as string)
    expect(names).toEqual(['hub', 'open', 'tail'])
    for (const name of names) {
      const { stdout } = await spanlight([name, '--help']).ended
      expect(stdout).toMatch(new RegExp(`^Usage: spanlight ${name}`))
      // The document has every option, too.
      for (const [option] of stdout.matchAll(/--[a-z-]+(?= |$)/gm))
        expect(document).toContain(option)
    }
    expect((await spanlight(['--version']).ended).stdout).toBe(`${version}\n`)
  })
})
