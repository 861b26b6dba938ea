import { describe, expect, it } from 'vitest'
import { defaultLimits } from '../../src/base/limits.ts'
import { resolveOptions, type Settings, type TracingOptions } from '../../src/options.ts'

const none = {}
const long = 'a'.repeat(32)
const authorize = (): boolean => true

function setting<K extends keyof Settings>(name: K, options: object, env = none): Settings[K] {
  return resolveOptions(options, env)[name]
}

/** Option, what it is in the settings, its default, values with what they become, wrong values. */
interface Row {
  option: keyof TracingOptions
  setting: keyof Settings
  default: unknown
  valid: [unknown, unknown][]
  wrong: unknown[]
}

const exported = {
  url: 'http://c/v1/traces',
  protocol: 'http/protobuf',
  headers: {},
  timeoutMs: 10_000,
  compression: 'gzip'
}
const factory = async () => ({})
const captured = {
  console: true,
  layers: true,
  pino: true,
  runtime: true,
  bodies: false,
  requestHeaders: 'known',
  responseHeaders: 'known'
}

const tail = {
  errors: true,
  slowMs: 1000,
  ratio: 0,
  routes: [],
  attributes: [],
  tracesPerSecond: undefined
}

const rows: Row[] = [
  {
    option: 'path',
    setting: 'path',
    default: '/_traces',
    valid: [
      ['/t', '/t'],
      ['/deep/er/_traces-1.0~x', '/deep/er/_traces-1.0~x']
    ],
    wrong: ['', '/', 't', '/t/', '//t', '/a b', '/%41', '/..', '/a/./b', 5, null]
  },
  {
    option: 'service',
    setting: 'service',
    default: 'spanlight',
    valid: [['orders', 'orders']],
    wrong: ['', 5, null]
  },
  {
    option: 'memory',
    setting: 'memory',
    default: 32 * 2 ** 20,
    valid: [
      [8 * 2 ** 20, 8 * 2 ** 20],
      ['64MB', 64 * 2 ** 20],
      ['64 mib', 64 * 2 ** 20],
      ['0.5GB', 512 * 2 ** 20],
      ['16384kb', 16 * 2 ** 20]
    ],
    wrong: ['7MB', '513MB', '1TB', '', 'much', '64M', 0, -1, Number.NaN, Infinity, true, null, {}]
  },
  {
    option: 'access',
    setting: 'access',
    default: undefined,
    valid: [
      ['local', 'local'],
      ['token', 'token'],
      ['off', 'off'],
      [authorize, authorize]
    ],
    wrong: ['', 'Local', 'none', true, false, null]
  },
  {
    option: 'token',
    setting: 'token',
    default: undefined,
    valid: [
      [long, long],
      ['', undefined]
    ],
    wrong: ['short', `${long} `, `${long}ä`, 5, null]
  },
  {
    option: 'ingestToken',
    setting: 'ingestToken',
    default: undefined,
    valid: [[long, long]],
    wrong: ['short', 5]
  },
  {
    option: 'allowedHosts',
    setting: 'allowedHosts',
    default: [],
    valid: [
      [
        ['a.example', '.b.example'],
        ['a.example', '.b.example']
      ]
    ],
    wrong: ['a.example', true, [5], null]
  },
  {
    option: 'allowedOrigins',
    setting: 'allowedOrigins',
    default: [],
    valid: [[['https://a.example'], ['https://a.example']]],
    wrong: ['https://a.example', '*', [null]]
  },
  {
    option: 'listen',
    setting: 'listen',
    default: undefined,
    valid: [
      [{ port: 0 }, { port: 0, host: '127.0.0.1' }],
      [
        { port: 65_535, host: '::1' },
        { port: 65_535, host: '::1' }
      ]
    ],
    wrong: [
      4319,
      '4319',
      null,
      {},
      { port: '1' },
      { port: -1 },
      { port: 65_536 },
      { port: 1.5 },
      { port: 1, host: 5 },
      { port: 1, adress: 'x' }
    ]
  },
  {
    option: 'propagate',
    setting: 'propagate',
    default: ['w3c'],
    valid: [
      [[], []],
      [['w3c'], ['w3c']],
      [
        ['xray', 'b3', 'xray'],
        ['xray', 'b3']
      ]
    ],
    wrong: ['w3c', ['b4'], [5], true]
  },
  {
    option: 'trustIncoming',
    setting: 'trustIncoming',
    default: 'private',
    valid: [
      [true, true],
      [false, false],
      ['private', 'private']
    ],
    wrong: ['public', 1, null]
  },
  {
    option: 'slow',
    setting: 'slowMs',
    default: 1000,
    valid: [
      [250, 250],
      ['250', 250],
      ['1.5s', 1500],
      ['20 ms', 20],
      ['1m', 60_000]
    ],
    wrong: ['', 'soon', '1h', -1, Number.NaN, Infinity, null, true]
  },
  {
    option: 'limits',
    setting: 'limits',
    default: defaultLimits,
    valid: [
      [{ spansPerTrace: 5 }, { ...defaultLimits, spansPerTrace: 5 }],
      [{ spansPerTrace: undefined }, defaultLimits]
    ],
    wrong: [
      null,
      5,
      [],
      { spansPerTrace: 0 },
      { spansPerTrace: Infinity },
      { spansPerTrace: '5' },
      { events: 1.5 },
      { events: 1e9 },
      { spans: 5 },
      { toString: 5 }
    ]
  },
  {
    option: 'redact',
    setting: 'redact',
    default: {},
    valid: [[{ keys: ['x-tenant*'] }, { keys: ['x-tenant*'] }]],
    wrong: [false, null, { key: ['x'] }, { headers: { recrod: [] } }, { headers: 5 }]
  },
  {
    option: 'capture',
    setting: 'capture',
    default: captured,
    valid: [
      [{ console: false }, { ...captured, console: false }],
      [{ layers: false }, { ...captured, layers: false }],
      [{ pino: false }, { ...captured, pino: false }],
      [{ runtime: false }, { ...captured, runtime: false }],
      [{ bodies: true }, { ...captured, bodies: true }],
      [
        { requestHeaders: ['x-a'], responseHeaders: [] },
        { ...captured, requestHeaders: ['x-a'], responseHeaders: [] }
      ]
    ],
    wrong: [
      null,
      5,
      { console: 'no' },
      { pino: 1 },
      { bodies: 8192 },
      { runtime: 'gc' },
      { layers: 1 },
      { requestHeaders: 'all' },
      { responseHeaders: [5] },
      { headers: [] }
    ]
  },
  {
    option: 'instrument',
    setting: 'instrument',
    default: {},
    valid: [[{ pg: 5 }, { pg: 5 }]],
    wrong: [null, 'pg', ['pg'], 5]
  },
  {
    option: 'export',
    setting: 'export',
    default: undefined,
    valid: [
      [false, []],
      [[], []],
      ['http://c/v1/traces', [exported]],
      ['http://c', [exported]],
      ['http://c/app/_traces/', [{ ...exported, url: 'http://c/app/_traces/v1/traces' }]],
      [
        { url: 'https://c/in', headers: { a: 'b' }, compression: 'none', timeout: 50 },
        [
          {
            ...exported,
            url: 'https://c/in',
            headers: { a: 'b' },
            compression: 'none',
            timeoutMs: 50
          }
        ]
      ],
      [{ url: 'http://c/', headers: factory }, [{ ...exported, headers: factory }]],
      [
        { url: 'https://xray.eu-central-1.amazonaws.com', credentials: factory },
        [
          {
            ...exported,
            url: 'https://xray.eu-central-1.amazonaws.com/v1/traces',
            credentials: factory
          }
        ]
      ],
      [
        ['http://c/', { url: 'http://z:9411', protocol: 'zipkin' }],
        [exported, { ...exported, url: 'http://z:9411/api/v2/spans', protocol: 'zipkin' }]
      ],
      [
        { url: 'http://c:4317', protocol: 'grpc' },
        [
          {
            ...exported,
            url: 'http://c:4317/opentelemetry.proto.collector.trace.v1.TraceService/Export',
            protocol: 'grpc'
          }
        ]
      ]
    ],
    wrong: [
      true,
      null,
      5,
      '',
      'c:4318',
      'ftp://c/',
      'http://',
      {},
      { url: 5 },
      { url: 'http://c/', headers: null },
      { url: 'http://c/', headers: { upgrade: 'h2c' } },
      { url: 'http://c/', credentials: factory },
      { url: 'https://xray.eu-central-1.amazonaws.com', credentials: { accessKeyId: 'a' } },
      { url: 'http://c/', headers: { a: 5 } },
      { url: 'http://c/', headers: { 'content-length': '5' } },
      { url: 'http://c/', headers: { a: 'b\r\nc: d' } },
      { url: 'http://c/', protocol: 'http' },
      { url: 'http://c/', compression: 'br' },
      { url: 'http://c/', timeout: 0 },
      { url: 'http://c/', timeout: '5s' },
      { url: 'https://c/', tls: { ca: '/etc/ssl/ca.pem' } },
      { url: 'https://c/', tls: 5 },
      ['http://c/', 'c:4318'],
      [null],
      [['http://c/']],
      { uri: 'http://c/' }
    ]
  },
  {
    option: 'tailSampling',
    setting: 'tailSampling',
    default: undefined,
    valid: [
      [{}, tail],
      [
        { errors: false, slow: '2s', ratio: 0.5 },
        { ...tail, errors: false, slowMs: 2000, ratio: 0.5 }
      ],
      [{ slow: false }, { ...tail, slowMs: Number.POSITIVE_INFINITY }],
      [
        { routes: { '/pay': { ratio: 1 }, 'GET /a*': { slow: 5 } } },
        {
          ...tail,
          routes: [
            { pattern: '/pay', slowMs: undefined, ratio: 1 },
            { pattern: 'GET /a*', slowMs: 5, ratio: undefined }
          ]
        }
      ],
      [
        { attributes: { 'enduser.id': ['u7', 7] }, tracesPerSecond: 0.5 },
        { ...tail, attributes: [['enduser.id', ['u7', 7]]], tracesPerSecond: 0.5 }
      ]
    ],
    wrong: [
      true,
      null,
      [],
      { error: true },
      { errors: 1 },
      { slow: 'soon' },
      { ratio: 2 },
      { routes: { '/a': 1 } },
      { routes: { '/a': { fast: 1 } } },
      { routes: { '/a': { ratio: '1' } } },
      { attributes: { id: 'u7' } },
      { attributes: ['id'] },
      { tracesPerSecond: 0 },
      { tracesPerSecond: '5' }
    ]
  },
  {
    option: 'sample',
    setting: 'sample',
    default: 1,
    valid: [
      [0, 0],
      [0.25, 0.25],
      [1, 1]
    ],
    wrong: [-0.1, 1.1, Number.NaN, '1', true, null]
  },
  {
    option: 'profile',
    setting: 'profile',
    default: undefined,
    valid: [
      [true, true],
      [false, false]
    ],
    wrong: ['local', 1, null]
  },
  {
    option: 'workers',
    setting: 'workers',
    default: true,
    valid: [
      [true, true],
      [false, false]
    ],
    wrong: ['all', 4, null]
  },
  {
    option: 'dump',
    setting: 'dump',
    default: false,
    valid: [
      ['SIGUSR2', 'SIGUSR2'],
      [false, false]
    ],
    // SIGUSR1 starts Node's inspector, SIGKILL cannot be listened to.
    wrong: ['SIGUSR1', 'SIGKILL', 'sigusr2', true, 12, null]
  }
]

describe.each(rows)('the option $option', (row) => {
  it('has its default', () => {
    expect(setting(row.setting, {})).toEqual(row.default)
    expect(setting(row.setting, { [row.option]: undefined })).toEqual(row.default)
  })

  it.each(row.valid)('takes %j', (given, becomes) => {
    expect(setting(row.setting, { [row.option]: given })).toEqual(becomes)
  })

  it.each(row.wrong.map((value) => [value]))(
    'refuses %j with a TypeError that names it',
    (value) => {
      const act = (): unknown => setting(row.setting, { [row.option]: value })
      expect(act).toThrow(TypeError)
      expect(act).toThrow(new RegExp(`^spanlight: .*'${row.option}['.[]`))
    }
  )
})

describe('the option ignore', () => {
  const ignore = (value: unknown): Settings['ignore'] => setting('ignore', { ignore: value })

  it('ignores nothing by default', () => {
    expect(setting('ignore', {})('GET', '/health')).toBe(false)
  })

  it('takes exact paths and prefixes', () => {
    const ignored = ignore(['/health', '/assets/*'])
    expect(['/health', '/assets/a.js', '/assets/'].map((path) => ignored('GET', path))).toEqual([
      true,
      true,
      true
    ])
    expect(['/health/x', '/Health', '/assets', '/'].map((path) => ignored('GET', path))).toEqual([
      false,
      false,
      false,
      false
    ])
  })

  it('takes a function as it is', () => {
    const fn = (method: string): boolean => method === 'OPTIONS'
    expect(ignore(fn)).toBe(fn)
  })

  it.each([['/health'], [true], [null], [[5]], [[/x/]]])('refuses %s', (value) => {
    expect(() => ignore(value)).toThrow(/^spanlight: option 'ignore' must be a list of texts/)
  })
})

describe('the options as a whole', () => {
  it('cover every option in the table above', () => {
    const known = /the options are (.*)$/.exec(messageOf({ nonsense: 1 }))?.[1]?.split(', ')
    expect(known?.sort()).toEqual([...rows.map(({ option }) => option as string), 'ignore'].sort())
  })

  it('refuse a name that is none', () => {
    expect(messageOf({ pth: '/x' })).toMatch(/^spanlight: there is no option 'pth'/)
    expect(messageOf({ constructor: 1 })).toMatch(/^spanlight: there is no option 'constructor'/)
  })

  it.each([[null], ['/x'], [5]])('refuse %j in place of an object', (value) => {
    expect(() => resolveOptions(value as never, none)).toThrow(/option 'options' must be an object/)
  })

  it('show a wrong value in short, and never a secret', () => {
    expect(messageOf({ service: 5 })).toContain('not 5')
    expect(messageOf({ access: 'x'.repeat(500) }).length).toBeLessThan(200)
    expect(messageOf({ token: 'hunter2' })).not.toContain('hunter2')
    expect(messageOf({ ingestToken: 'hunter2' })).not.toContain('hunter2')
    expect(messageOf({ export: 'ftp://me:hunter2@c/' })).not.toContain('hunter2')
  })
})

function messageOf(options: object): string {
  try {
    resolveOptions(options, none)
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('nothing was thrown')
}
