import dns from 'node:dns'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { SignatureV4 } from '@smithy/signature-v4'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createReport } from '../../../src/base/report.ts'
import type { ReadonlyAttributes } from '../../../src/base/span-data.ts'
import { addressOf } from '../../../src/interop/export/address.ts'
import { forCloud, forGoogle, forXray } from '../../../src/interop/export/clouds.ts'
import type { Destination } from '../../../src/interop/export/destination.ts'
import { createTracing } from '../../../src/tracing.ts'
import { decodeBody, decodeSetup } from '../otlp/setup.ts'
import type { Received } from '../../../src/trace/received.ts'
import { type Asked, cloudServer } from './cloud-server.ts'
import { destination, exporting } from './collector.ts'
import { until } from '../../until.ts'
import { Sha256 } from './sha256.ts'
import { recordOf, spanOf } from './spans.ts'

const keys = { accessKeyId: 'AKIA1', secretAccessKey: 'secret', sessionToken: 'session' }
const env = {
  AWS_ACCESS_KEY_ID: keys.accessKeyId,
  AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
  AWS_SESSION_TOKEN: keys.sessionToken
}

/** Signs what arrived once more, with the AWS SDK, as X-Ray does it to check a signature. */
async function signedAgain({ method, path, headers, body }: Asked): Promise<string | undefined> {
  const time = String(headers['x-amz-date'])
  const signed = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? '')?.[1]?.split(';') ?? []
  const signer = new SignatureV4({
    credentials: keys,
    region: 'eu-central-1',
    service: 'xray',
    sha256: Sha256,
    applyChecksum: false
  })
  const at = time.replace(/^(....)(..)(..T..)(..)/, '$1-$2-$3:$4:')
  const { headers: again } = await signer.sign(
    {
      method,
      path,
      protocol: 'https:',
      hostname: 'x',
      headers: Object.fromEntries(signed.map((name) => [name, String(headers[name])])),
      body
    },
    { signingDate: new Date(at) }
  )
  return again['authorization']
}

/** What `@aws-sdk/credential-providers` makes. */
type SdkProvider = Extract<
  ConstructorParameters<typeof SignatureV4>[0]['credentials'],
  (...args: never[]) => unknown
>

function resourceOf({ headers, body }: Asked): ReadonlyAttributes {
  const sent = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
  const [record] = (decodeBody(sent, decodeSetup()) as Received).records
  return record?.resource.attributes ?? []
}

const fresh = () => recordOf([spanOf()], { epochMs: Date.now() })
const quiet = createReport(() => {})

describe('an export to AWS X-Ray', () => {
  it('is signed as the AWS SDK would sign what arrives, every try anew', async () => {
    const answers = [503, 200]
    const xray = await cloudServer((_, res) => res.writeHead(answers.shift() ?? 200).end('{}'))
    const at = forXray(destination(`${xray.url}/v1/traces`), 'eu-central-1', { env, report: quiet })
    const exporter = exporting(at.url, at)
    onTestFinished(() => exporter.close(0))
    exporter.export(fresh())
    expect(await exporter.flush()).toBe(true)
    expect(xray.asked).toHaveLength(2)
    for (const asked of xray.asked) {
      expect(asked.headers.authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIA1\/\d{8}\/eu-/)
      expect(asked.headers['x-amz-security-token']).toBe('session')
      expect(await signedAgain(asked)).toBe(asked.headers.authorization)
    }
  })

  it('says in words that there are no credentials, once, and goes on when there are', async () => {
    const xray = await cloudServer((_, res) => res.end('{}'))
    const agent = await cloudServer((_, res) =>
      agent.asked.length < 3
        ? res.writeHead(500).end()
        : res.end(JSON.stringify({ AccessKeyId: 'AKIA1', SecretAccessKey: 'secret' }))
    )
    const own = { AWS_CONTAINER_CREDENTIALS_FULL_URI: agent.url, HOME: '/nowhere' }
    const at = forXray(destination(`${xray.url}/v1/traces`), 'eu-central-1', {
      env: own,
      report: quiet
    })
    const exporter = exporting(at.url, at)
    onTestFinished(() => exporter.close(0))
    exporter.export(fresh())
    await until(() => xray.asked.length === 1)
    await until(() => exporter.lines.length > 1)
    expect(exporter.lines[0]).toContain('the container agent answered with status 500')
    expect(exporter.lines).toHaveLength(2)
  })

  it.each(['the process', 'the application'])(
    'is signed anew at once when the credentials of %s are refused',
    async (whose) => {
      const xray = await cloudServer(({ headers }, res) =>
        res.writeHead(headers.authorization?.includes('AKIANEW') === true ? 200 : 403).end('{}')
      )
      const ids = ['AKIAOLD', 'AKIANEW']
      const agent = await cloudServer((_, res) =>
        res.end(JSON.stringify({ AccessKeyId: ids.shift(), SecretAccessKey: 'secret' }))
      )
      const credentials: SdkProvider = async () => ({
        accessKeyId: ids.shift() ?? '',
        secretAccessKey: 'secret',
        expiration: new Date(Date.now() + 3_600_000)
      })
      const own = { AWS_CONTAINER_CREDENTIALS_FULL_URI: agent.url, HOME: '/nowhere' }
      const at = forXray(destination(`${xray.url}/v1/traces`), 'eu-central-1', {
        env: own,
        report: quiet,
        credentials: whose === 'the application' ? credentials : undefined
      })
      const exporter = exporting(at.url, at)
      onTestFinished(() => exporter.close(0))
      for (let i = 0; i < 2; i++) {
        exporter.export(fresh())
        expect(await exporter.flush()).toBe(true)
      }
      expect(xray.asked).toHaveLength(3)
      expect(agent.asked).toHaveLength(whose === 'the application' ? 0 : 2)
      expect(exporter.lines).toEqual([])
    }
  )

  it('goes by HTTP, whatever is asked for', () => {
    const lines: string[] = []
    const report = createReport((line) => void lines.push(line))
    const url = addressOf('https://xray.us-east-1.amazonaws.com', 'grpc')
    expect(forCloud(destination(url, { transport: 'grpc' }), { env, report })).toMatchObject({
      transport: 'http',
      url: 'https://xray.us-east-1.amazonaws.com/v1/traces'
    })
    expect(lines).toHaveLength(1)
  })

  it('counts what is cut to its limits', async () => {
    const drops = createReport(() => {})
    const at = forXray(destination('https://x/'), 'eu-central-1', { env, report: drops })
    const large = spanOf({ attributes: ['text', 'x'.repeat(300_000)] })
    const body = await at.format.body([recordOf([large, spanOf()], { epochMs: Date.now() })])
    expect(body.length).toBeLessThan(200_000)
    expect(drops.drops.get('export over a limit')).toBe(1)
  })
})

describe('an export to Google Cloud', () => {
  const machine = () =>
    cloudServer(({ path }, res) => {
      res.setHeader('metadata-flavor', 'Google')
      res.end(path.endsWith('project-id') ? 'shop-1' : '{"access_token":"t0ken","expires_in":3600}')
    })

  it("carries the machine's token and project", async () => {
    const [server, telemetry] = [await machine(), await cloudServer((_, res) => res.end('{}'))]
    const own = { HOME: '/nowhere', GCE_METADATA_HOST: new URL(server.url).host }
    const at = forGoogle(destination(`${telemetry.url}/v1/traces`), { env: own, report: quiet })
    const exporter = exporting(at.url, at)
    onTestFinished(() => exporter.close(0))
    exporter.export(fresh())
    expect(await exporter.flush()).toBe(true)
    const [asked] = telemetry.asked as [Asked]
    expect(asked.headers.authorization).toBe('Bearer t0ken')
    expect(resourceOf(asked)).toEqual(['gcp.project_id', 'shop-1'])
  })

  it('carries another token at once when one is refused', async () => {
    const tokens = ['old', 'new']
    const server = await cloudServer(({ path }, res) => {
      res.setHeader('metadata-flavor', 'Google')
      const token = path.endsWith('project-id') ? '' : tokens.shift()
      res.end(token === '' ? 'shop-1' : JSON.stringify({ access_token: token, expires_in: 3600 }))
    })
    const telemetry = await cloudServer(({ headers }, res) =>
      res.writeHead(headers.authorization === 'Bearer new' ? 200 : 401).end('{}')
    )
    const own = { HOME: '/nowhere', GCE_METADATA_HOST: new URL(server.url).host }
    const at = forGoogle(destination(`${telemetry.url}/v1/traces`), { env: own, report: quiet })
    const exporter = exporting(at.url, at)
    onTestFinished(() => exporter.close(0))
    exporter.export(fresh())
    expect(await exporter.flush()).toBe(true)
    expect(telemetry.asked.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer old',
      'Bearer new'
    ])
  })

  it('leaves a project that the resource names, and says when there is none', async () => {
    const lines: string[] = []
    const report = createReport((line) => void lines.push(line))
    const own = { HOME: '/nowhere', GCE_METADATA_HOST: '127.0.0.1:1' }
    const at = forGoogle(destination('https://x/'), { env: own, report })
    const resource = { service: 'shop', attributes: ['gcp.project_id', 'mine'] }
    expect(String(await at.format.body([recordOf([spanOf()], { resource })]))).toContain('"mine"')
    expect(lines).toEqual([])
    await at.format.body([fresh()])
    await at.format.body([fresh()])
    expect(lines).toEqual([
      'spanlight: no Google Cloud project is known: set GOOGLE_CLOUD_PROJECT\n'
    ])
  })
})

describe('a destination', () => {
  const at = (url: string, more: Partial<Destination> = {}) =>
    forCloud(destination(url, more), { env: {}, report: quiet })

  it.each([
    'https://xray.eu-central-1.amazonaws.com/v1/traces',
    'https://xray-fips.us-gov-west-1.amazonaws.com/v1/traces',
    'https://xray.cn-north-1.amazonaws.com.cn/v1/traces',
    'https://xray.us-east-1.api.aws/v1/traces',
    'https://vpce-1-2.xray.us-east-1.vpce.amazonaws.com/v1/traces',
    'https://telemetry.googleapis.com/v1/traces'
  ])('of a cloud is known by its address: %s', (url) => {
    expect(at(url).authorize).toBeDefined()
  })

  it.each([
    'http://localhost:4318/v1/traces',
    'https://xray.eu-central-1.amazonaws.com.example.com/v1/traces',
    'https://notxray.eu-central-1.amazonaws.com/v1/traces',
    'https://example.com/xray.eu-central-1.amazonaws.com',
    'http://telemetry.googleapis.com/v1/traces',
    'https://telemetry.googleapis.com.example.com/v1/traces'
  ])('of anybody else is given no credentials: %s', (url) => {
    expect(at(url).authorize).toBeUndefined()
  })

  it('keeps an authorization of its own', () => {
    const headers = { Authorization: 'Bearer mine' }
    expect(at('https://telemetry.googleapis.com/v1/traces', { headers }).authorize).toBeUndefined()
    expect(at('https://xray.a1-b.api.aws/v1/traces', { headers }).authorize).toBeUndefined()
  })
})

describe('a variable alone', () => {
  afterEach(() => vi.restoreAllMocks())

  it('switches the export to X-Ray on', async () => {
    const file = (name: string) =>
      readFileSync(join(import.meta.dirname, '../../fixtures/tls', name))
    const asked: Asked[] = []
    const server = createServer({ key: file('key.pem'), cert: file('cert.pem') }, (req, res) => {
      const chunks: Buffer[] = []
      req.on('data', (chunk: Buffer) => chunks.push(chunk))
      req.on('end', () => {
        const { method = '', url: path = '', headers } = req
        asked.push({ method, path, headers, body: Buffer.concat(chunks) })
        res.end('{}')
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    // The name leads to this machine, and its certificate is believed.
    vi.spyOn(dns, 'lookup').mockImplementation(((...args: unknown[]) => {
      const done = args.at(-1) as (error: null, address: unknown, family?: number) => void
      const all = (args[1] as { all?: boolean }).all === true
      if (all) done(null, [{ address: '127.0.0.1', family: 4 }])
      else done(null, '127.0.0.1', 4)
    }) as typeof dns.lookup)
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    const host = `xray.eu-central-1.amazonaws.com:${port}`
    const tracing = createTracing(
      { access: 'off', service: 'shop' },
      { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: `https://${host}` }
    )
    onTestFinished(async () => {
      vi.unstubAllEnvs()
      await tracing.close()
      server.closeAllConnections()
      server.close()
    })
    tracing.tracer.start('work').end()
    await until(() => asked.length === 1)
    const [request] = asked as [Asked]
    expect(request.headers.host).toBe(host)
    expect(request.path).toBe('/v1/traces')
    expect(await signedAgain(request)).toBe(request.headers.authorization)
  })
})
