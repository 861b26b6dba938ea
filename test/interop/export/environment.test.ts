import { describe, expect, it } from 'vitest'
import {
  exporterFromEnvironment,
  shown,
  tracesUrl
} from '../../../src/interop/export/environment.ts'

function read(variables: Record<string, string>) {
  const said: string[] = []
  const env = Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [`OTEL_${name}`, value])
  )
  const settings = exporterFromEnvironment(env, { once: (line) => void said.push(line) })
  return { settings, said }
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
    expect(tracesUrl(endpoint)).toBe(url)
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
    expect(read({ ...base, TRACES_EXPORTER: 'console' }).settings).toBeUndefined()
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

  it('says that another protocol is not spoken, and to whom', () => {
    const EXPORTER_OTLP_ENDPOINT = 'http://user:pass@c:4317'
    const { settings, said } = read({ EXPORTER_OTLP_ENDPOINT, EXPORTER_OTLP_PROTOCOL: 'grpc' })
    expect(settings?.url).toBe('http://user:pass@c:4317/v1/traces')
    expect(said).toEqual([
      'spans are exported as OTLP http/json to http://c:4317/v1/traces, not as grpc'
    ])
    expect(read({ ...base, EXPORTER_OTLP_PROTOCOL: 'http/json' }).said).toEqual([])
  })

  it('prints addresses without what may be secret in them', () => {
    expect(shown('https://user:pass@c/in?key=1#x')).toBe('https://c/in')
  })
})
