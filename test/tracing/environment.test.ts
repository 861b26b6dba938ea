import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Env, isDisabled, packageName, resourceFrom } from '../../src/environment.ts'
import { resolveOptions, type Settings } from '../../src/options.ts'

const long = 'b'.repeat(40)
let said: string[]

beforeEach(() => {
  said = []
})

function settings(env: Env, options = {}): Settings {
  return resolveOptions(options, env, (line) => said.push(line))
}

describe('OTEL_SERVICE_NAME', () => {
  it('names the service, behind the option and before the resource', () => {
    const env = { OTEL_SERVICE_NAME: 'a', OTEL_RESOURCE_ATTRIBUTES: 'service.name=b' }
    expect(settings(env, { service: 'c' }).service).toBe('c')
    expect(settings(env).service).toBe('a')
    expect(settings({ ...env, OTEL_SERVICE_NAME: '' }).service).toBe('b')
    expect(settings({ OTEL_RESOURCE_ATTRIBUTES: 'service.name=' }).service).toBe('spanlight')
  })
})

describe('OTEL_RESOURCE_ATTRIBUTES', () => {
  it.each<[string | undefined, [string, string][]]>([
    [undefined, []],
    ['', []],
    ['a=b', [['a', 'b']]],
    [
      ' a = b , c.d=e%20f%2C%3D ',
      [
        ['a', 'b'],
        ['c.d', 'e f,=']
      ]
    ],
    ['a=b=c', [['a', 'b=c']]],
    ['a=1,a=2', [['a', '2']]],
    ['=x,noequals,,%,a=%zz,b=ok', [['b', 'ok']]],
    ['__proto__=x', [['__proto__', 'x']]]
  ])('%s', (text, expected) => {
    expect([...resourceFrom({ OTEL_RESOURCE_ATTRIBUTES: text })]).toEqual(expected)
  })

  it('become the attributes of the process, without the name of the service', () => {
    const env = { OTEL_RESOURCE_ATTRIBUTES: 'service.name=x,service.version=1.2,team=a' }
    expect(settings(env).resourceAttributes).toEqual([
      ['service.version', '1.2'],
      ['team', 'a']
    ])
  })
})

describe('OTEL_PROPAGATORS', () => {
  it.each([
    ['', ['w3c'], 0],
    [' , ', ['w3c'], 0],
    ['tracecontext', ['w3c'], 0],
    ['tracecontext, baggage', ['w3c'], 0],
    ['none', [], 0],
    ['b3', ['b3'], 0],
    ['b3multi,tracecontext,baggage', ['b3multi', 'w3c'], 0],
    ['jaeger, xray, google, none', ['jaeger', 'xray', 'google'], 0],
    ['ottrace', [], 1],
    ['ottrace,tracecontext', ['w3c'], 1]
  ])("'%s' gives %j and says %i line", (variable, propagate, lines) => {
    expect(settings({ OTEL_PROPAGATORS: variable }).propagate).toEqual(propagate)
    expect(said).toHaveLength(lines)
    for (const line of said) expect(line).toContain('OTEL_PROPAGATORS')
  })

  it('gives way to the option', () => {
    expect(settings({ OTEL_PROPAGATORS: 'none' }, { propagate: ['w3c'] }).propagate).toEqual([
      'w3c'
    ])
    expect(settings({ OTEL_PROPAGATORS: 'b3' }, { propagate: [] }).propagate).toEqual([])
    expect(said).toEqual([])
  })
})

describe.each([
  ['SPANLIGHT_TOKEN', 'token'],
  ['SPANLIGHT_INGEST_TOKEN', 'ingestToken']
] as const)('%s', (variable, name) => {
  it('is the option by another way', () => {
    expect(settings({ [variable]: long })[name]).toBe(long)
    expect(settings({ [variable]: ` ${long}\n` })[name]).toBe(long)
    expect(settings({ [variable]: long }, { [name]: 'c'.repeat(32) })[name]).toBe('c'.repeat(32))
    expect(settings({ [variable]: '' })[name]).toBeUndefined()
    expect(said).toEqual([])
  })

  it.each(['short', `${long} ${long}`, `${long}ü`])(
    'is not used, and said so, when it is wrong: %s',
    (value) => {
      expect(settings({ [variable]: value })[name]).toBeUndefined()
      expect(said).toHaveLength(1)
      expect(said[0]).toContain(variable)
      expect(said[0]).not.toContain(value)
    }
  )
})

describe('a variable that stands in for an option', () => {
  it.each<[string, string, keyof Settings, unknown]>([
    ['SPANLIGHT_PATH', '/deep/t', 'path', '/deep/t'],
    ['SPANLIGHT_MEMORY', ' 64MB ', 'memory', 64 * 2 ** 20],
    ['SPANLIGHT_SLOW', '1.5s', 'slowMs', 1500],
    ['SPANLIGHT_SAMPLE', '0.25', 'sample', 0.25],
    ['SPANLIGHT_LISTEN', '4319', 'listen', { port: 4319, host: '127.0.0.1' }],
    ['SPANLIGHT_LISTEN', '0.0.0.0:4319', 'listen', { port: 4319, host: '0.0.0.0' }],
    ['SPANLIGHT_LISTEN', '[::1]:4319', 'listen', { port: 4319, host: '::1' }],
    ['SPANLIGHT_ALLOWED_HOSTS', 'a.test, .b.test', 'allowedHosts', ['a.test', '.b.test']],
    ['SPANLIGHT_ALLOWED_ORIGINS', 'https://a.test', 'allowedOrigins', ['https://a.test']],
    ['SPANLIGHT_TRUST_INCOMING', 'false', 'trustIncoming', false],
    ['SPANLIGHT_TRUST_INCOMING', 'true', 'trustIncoming', true],
    ['SPANLIGHT_TRUST_INCOMING', 'private', 'trustIncoming', 'private']
  ])('%s=%s', (variable, value, setting, expected) => {
    expect(settings({ [variable]: value })[setting]).toEqual(expected)
    expect(said).toEqual([])
  })

  it('names paths that are not recorded', () => {
    const { ignore } = settings({ SPANLIGHT_IGNORE: '/health, /assets/*' })
    expect([ignore('GET', '/health'), ignore('GET', '/assets/a.js'), ignore('GET', '/')]).toEqual([
      true,
      true,
      false
    ])
  })

  it.each([
    ['SPANLIGHT_PATH', 'traces', "it must be a path such as '/_traces'"],
    ['SPANLIGHT_MEMORY', '1MB', 'from 8MB to 512MB'],
    ['SPANLIGHT_SLOW', 'soon', 'it must be milliseconds'],
    ['SPANLIGHT_SAMPLE', 'half', 'it must be a number from 0 to 1'],
    ['SPANLIGHT_LISTEN', 'localhost', 'it must be a whole number from 0 to 65535'],
    ['SPANLIGHT_TRUST_INCOMING', 'yes', "it must be true or false or 'private'"]
  ])('is not used, and said so, when it is wrong: %s=%s', (variable, value, why) => {
    expect(settings({ [variable]: value })).toEqual({ ...settings({}), ignore: expect.anything() })
    expect(said).toHaveLength(1)
    expect(said[0]).toMatch(new RegExp(`^${variable} is not used: `))
    expect(said[0]).toContain(why)
  })

  it('gives way to the option, and is not used when it is empty', () => {
    const env = { SPANLIGHT_PATH: 'wrong', SPANLIGHT_SLOW: '' }
    expect(settings(env, { path: '/t' })).toMatchObject({ path: '/t', slowMs: 1000 })
    expect(settings({ SPANLIGHT_SLOW: '2s' }, { slow: undefined }).slowMs).toBe(2000)
    expect(said).toEqual([])
  })
})

describe('OTEL_SDK_DISABLED', () => {
  it.each([
    ['true', true],
    ['TRUE', true],
    [' True ', true],
    ['false', false],
    ['1', false],
    ['yes', false],
    ['', false],
    [undefined, false]
  ])('%s means %s', (value, disabled) => {
    expect(isDisabled({ OTEL_SDK_DISABLED: value })).toBe(disabled)
    expect(settings({ OTEL_SDK_DISABLED: value }).disabled).toBe(disabled)
  })
})

describe("the working directory's package.json", () => {
  const before = process.cwd()
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'spanlight-'))
    process.chdir(folder)
  })

  afterEach(() => {
    process.chdir(before)
    rmSync(folder, { recursive: true })
  })

  it.each([
    ['{ "name": "@shop/orders" }', '@shop/orders'],
    ['{ "name": "" }', 'unknown_service:node'],
    ['{ "name": 5 }', 'unknown_service:node'],
    ['null', 'unknown_service:node'],
    ['{ not json', 'unknown_service:node'],
    [undefined, 'unknown_service:node']
  ])('%s names the service %s', (text, name) => {
    if (text !== undefined) writeFileSync('package.json', text)
    expect(packageName()).toBe(name)
  })
})
