import { afterAll, describe, expect, it } from 'vitest'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportsFromEnvironment } from '../../../src/interop/export/environment.ts'

function readAll(variables: Record<string, string>) {
  const said: string[] = []
  const env = Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [`OTEL_${name}`, value])
  )
  const all = exportsFromEnvironment(env, { once: (line) => void said.push(line) })
  return { all, said }
}
function read(variables: Record<string, string>) {
  const { all, said } = readAll(variables)
  expect(all.length).toBeLessThan(2)
  return { settings: all[0], said }
}
const base = { EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }

describe('the exporter of the environment', () => {
  it('does not exist unless an endpoint is named', () => {
    expect(read({}).settings).toBeUndefined()
    expect(
      read({ EXPORTER_OTLP_ENDPOINT: ' ', EXPORTER_OTLP_HEADERS: 'a=b' }).settings
    ).toBeUndefined()
  })

  it('has defaults for all but the endpoint', () => {
    expect(read(base)).toEqual({
      settings: {
        url: 'http://collector:4318/v1/traces',
        protocol: 'http/protobuf',
        headers: {},
        timeoutMs: 10_000,
        compression: 'gzip'
      },
      said: []
    })
  })

  it.each([
    ['http://c:4318', 'http://c:4318/v1/traces'],
    ['http://c:4318/', 'http://c:4318/v1/traces'],
    ['https://c/otlp', 'https://c/otlp/v1/traces'],
    ['https://c/otlp/?key=1', 'https://c/otlp/v1/traces?key=1']
  ])('appends the path of traces to the common endpoint %s', (endpoint, url) => {
    expect(read({ EXPORTER_OTLP_ENDPOINT: endpoint }).settings?.url).toBe(url)
  })

  it('takes the endpoint of traces as it is, before the common one', () => {
    const EXPORTER_OTLP_TRACES_ENDPOINT = 'http://c/in'
    expect(read({ ...base, EXPORTER_OTLP_TRACES_ENDPOINT }).settings?.url).toBe('http://c/in')
  })

  it.each(['collector:4318', 'grpc://c', 'nonsense'])('says that %s is no endpoint', (bad) => {
    const { settings, said } = read({ EXPORTER_OTLP_ENDPOINT: bad })
    expect(settings).toBeUndefined()
    expect(said).toEqual([
      'OTEL_EXPORTER_OTLP_ENDPOINT is no http or https URL: spans are not exported'
    ])
  })

  it('obeys the choice of exporters', () => {
    expect(read({ ...base, TRACES_EXPORTER: 'none' }).settings).toBeUndefined()
    expect(read({ ...base, TRACES_EXPORTER: 'none,otlp' }).settings).toBeUndefined()
    const console = read({ ...base, TRACES_EXPORTER: 'console' })
    expect(console.settings).toBeUndefined()
    expect(console.said).toEqual([
      'OTEL_TRACES_EXPORTER: there is otlp, zipkin and none; others are left out'
    ])
    expect(read({ ...base, TRACES_EXPORTER: 'console, otlp' }).settings).toBeDefined()
    const { settings } = read({ TRACES_EXPORTER: 'otlp' })
    expect(settings?.url).toBe('http://localhost:4318/v1/traces')
  })

  it('decodes headers, those of traces before the common ones', () => {
    const { settings, said } = read({
      ...base,
      EXPORTER_OTLP_HEADERS: 'Authorization=Bearer%20a%3Db, x-team = shop ,x-odd=100%',
      EXPORTER_OTLP_TRACES_HEADERS: 'x-team=traces,x-eq=a=b'
    })
    expect(settings?.headers).toEqual({
      authorization: 'Bearer a=b',
      'x-team': 'traces',
      'x-odd': '100%',
      'x-eq': 'a=b'
    })
    expect(said).toEqual([])
  })

  it('leaves out headers that cannot be sent, without printing them', () => {
    const { settings, said } = read({
      ...base,
      EXPORTER_OTLP_HEADERS: 'a=secret%0d%0aX: 1,=x,novalue,b c=1,content-length=5,ok=1,__proto__=x'
    })
    expect(settings?.headers).toEqual({ ok: '1', ['__proto__']: undefined })
    expect(new Set(said)).toEqual(
      new Set(['a header in OTEL_EXPORTER_OTLP_HEADERS cannot be sent'])
    )
  })

  it.each([
    ['5000', 5000],
    ['0', 10_000],
    ['soon', 10_000],
    ['-1', 10_000],
    ['999999999', 600_000]
  ])('reads the timeout %s as %i ms', (text, timeoutMs) => {
    expect(read({ ...base, EXPORTER_OTLP_TIMEOUT: text }).settings?.timeoutMs).toBe(timeoutMs)
    const both = { ...base, EXPORTER_OTLP_TIMEOUT: '1', EXPORTER_OTLP_TRACES_TIMEOUT: text }
    if (timeoutMs !== 10_000) expect(read(both).settings?.timeoutMs).toBe(timeoutMs)
  })

  it('compresses unless told not to', () => {
    const { settings } = read({ ...base, EXPORTER_OTLP_COMPRESSION: 'none' })
    expect(settings?.compression).toBe('none')
  })

  it.each(['http/json', 'http/protobuf'] as const)('speaks %s when it is asked to', (protocol) => {
    const { settings, said } = read({ ...base, EXPORTER_OTLP_PROTOCOL: protocol })
    expect(settings).toMatchObject({ url: 'http://collector:4318/v1/traces', protocol })
    expect(said).toEqual([])
  })

  it('says that a protocol is not known, and takes the default', () => {
    const { settings, said } = read({ ...base, EXPORTER_OTLP_PROTOCOL: 'http/xml' })
    expect(settings?.protocol).toBe('http/protobuf')
    expect(said).toEqual([
      'OTEL_EXPORTER_OTLP_PROTOCOL: there is grpc, http/protobuf (which is used) and http/json'
    ])
  })

  const call = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'
  it.each([
    [{ EXPORTER_OTLP_ENDPOINT: 'http://c:4317' }, 'http://c:4317'],
    [{ EXPORTER_OTLP_ENDPOINT: 'https://c/ignored' }, 'https://c'],
    [{ EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c:4317/' }, 'http://c:4317'],
    [{ EXPORTER_OTLP_ENDPOINT: 'c:4317' }, 'https://c:4317'],
    [{ EXPORTER_OTLP_ENDPOINT: 'c:4317', EXPORTER_OTLP_INSECURE: 'TRUE' }, 'http://c:4317'],
    [
      { EXPORTER_OTLP_ENDPOINT: '[::1]:4317', EXPORTER_OTLP_TRACES_INSECURE: 'true' },
      'http://[::1]:4317'
    ],
    [{ TRACES_EXPORTER: 'otlp' }, 'http://localhost:4317']
  ])('calls by gRPC where %j says', (variables, origin) => {
    const { settings, said } = read({ EXPORTER_OTLP_PROTOCOL: 'grpc', ...variables })
    expect(settings).toMatchObject({ url: origin + call, protocol: 'grpc' })
    expect(said).toEqual([])
  })

  it('says that a scheme is none of gRPC', () => {
    const { settings, said } = read({
      EXPORTER_OTLP_PROTOCOL: 'grpc',
      EXPORTER_OTLP_ENDPOINT: 'unix:///run/c'
    })
    expect(settings).toBeUndefined()
    expect(said).toHaveLength(1)
  })

  it('sends to Zipkin, alone or as well', () => {
    const zipkin = { url: 'http://localhost:9411/api/v2/spans', protocol: 'zipkin' }
    expect(read({ TRACES_EXPORTER: 'zipkin' }).settings).toMatchObject(zipkin)
    expect(read({ EXPORTER_ZIPKIN_ENDPOINT: 'http://z/' }).settings).toBeUndefined()
    const { all } = readAll({
      TRACES_EXPORTER: 'zipkin,otlp',
      EXPORTER_ZIPKIN_ENDPOINT: 'http://z/api/v2/spans',
      EXPORTER_ZIPKIN_TIMEOUT: '70'
    })
    expect(all.map(({ url, timeoutMs }) => [url, timeoutMs])).toEqual([
      ['http://localhost:4318/v1/traces', 10_000],
      ['http://z/api/v2/spans', 70]
    ])
    const bad = read({ TRACES_EXPORTER: 'zipkin', EXPORTER_ZIPKIN_ENDPOINT: 'z:9411' })
    expect(bad.said).toEqual([
      'OTEL_EXPORTER_ZIPKIN_ENDPOINT is no http or https URL: spans are not exported'
    ])
  })
})

describe('certificates of the environment', () => {
  const directory = mkdtempSync(join(tmpdir(), 'certificates-'))
  afterAll(() => rmSync(directory, { recursive: true }))
  function file(name: string, text: string): string {
    const path = join(directory, name)
    writeFileSync(path, text)
    return path
  }
  const fixture = (name: string) =>
    readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url), 'utf8')
  const [cert, key] = [fixture('cert.pem'), fixture('key.pem')]
  const certFile = file('cert.pem', cert)
  const keyFile = file('key.pem', key)
  const of = (variables: Record<string, string>) => {
    const { settings, said } = read({ ...base, ...variables })
    expect(settings).toBeDefined()
    return { tls: settings?.tls, said }
  }

  it('are read from files', () => {
    expect(
      of({
        EXPORTER_OTLP_CERTIFICATE: certFile,
        EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE: certFile,
        EXPORTER_OTLP_CLIENT_KEY: keyFile
      })
    ).toEqual({ tls: { ca: cert, cert, key }, said: [] })
    expect(of({}).tls).toBeUndefined()
  })

  it.each([
    ['is not there', '/nowhere/ca.pem', 'ENOENT'],
    ['is a directory', tmpdir(), 'EISDIR'],
    ['holds none', file('ca.txt', 'not a certificate'), 'no PEM']
  ])('are said to be missing when a file %s, and the rest goes on', (_why, path, code) => {
    const { tls, said } = of({ EXPORTER_OTLP_CERTIFICATE: path })
    expect(tls).toBeUndefined()
    expect(said).toHaveLength(1)
    expect(said[0]).toContain(`the file of OTEL_EXPORTER_OTLP_CERTIFICATE is not used (${code}`)
  })

  it('are left out when they do not fit their key', () => {
    const { tls, said } = of({
      EXPORTER_OTLP_CERTIFICATE: certFile,
      EXPORTER_OTLP_CLIENT_CERTIFICATE: certFile,
      EXPORTER_OTLP_CLIENT_KEY: file(
        'other.pem',
        generateKeyPairSync('ec', {
          namedCurve: 'P-256',
          privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
          publicKeyEncoding: { type: 'spki', format: 'pem' }
        }).privateKey
      )
    })
    expect(tls).toEqual({ ca: cert })
    expect(said).toEqual([
      'the files of OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and _CLIENT_KEY do not fit'
    ])
  })
})
