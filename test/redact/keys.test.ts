import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createKeyRules } from '../../src/redact/keys.ts'
import { hide, keep } from './golden.ts'
import { redactor } from './setup.ts'

const rules = createKeyRules([], [])

test('the golden lists are long enough to mean something', () => {
  expect(keep.length).toBeGreaterThanOrEqual(60)
  expect(hide.length).toBeGreaterThanOrEqual(120)
})

describe('the value stays visible under', () => {
  test.each(keep)('%s', (key) => {
    expect(rules.secrecy(key)).toBe('open')
    expect(redactor().attribute(key, 'value 5')).toBe('value 5')
  })
})

describe('the value is hidden under', () => {
  test.each(hide)('%s', (key) => {
    expect(rules.secrecy(key)).toBe('secret')
    expect(redactor().attribute(key, 'value 5')).toBe('[redacted]')
    expect(redactor().attribute(key, ['value 5'])).toEqual(['[redacted]'])
    expect(redactor().attribute(key, 5)).toBe('[redacted]')
  })
})

test.each(['gen_ai.usage.input_tokens', 'max_tokens', 'llm.tokenCount', 'tokens'])(
  'numbers of tokens are shown, texts are not: %s',
  (key) => {
    expect(redactor().attribute(key, 512)).toBe(512)
    expect(redactor().attribute(key, 'abc')).toBe('[redacted]')
  }
)

test('a boolean tells nothing and is shown', () => {
  expect(redactor().attribute('session.new', true)).toBe(true)
})

test('case and separators do not count', () => {
  const separators = fc.constantFrom('', '-', '_', '.', ' ', '@', '$')
  fc.assert(
    fc.property(separators, separators, fc.boolean(), (a, b, upper) => {
      const name = `my${a}api${b}key`
      expect(rules.secrecy(upper ? name.toUpperCase() : name)).toBe('secret')
    })
  )
})

describe('in a query', () => {
  test.each(['code', 'state', 'Code', 'token', 'X-Amz-Signature', 'AWSAccessKeyId', 'sig'])(
    '%s is hidden',
    (key) => {
      expect(rules.inQuery(key)).toBe(true)
    }
  )
  test.each(['page', 'country_code', 'q', 'sort', 'author', 'max_results'])(
    '%s is shown',
    (key) => {
      expect(rules.inQuery(key)).toBe(false)
    }
  )
})

describe('the options', () => {
  const custom = createKeyRules(
    ['x-tenant*', '*internal*', 'exact', 'a*b*c'],
    ['x-session-kind', 'state', 'password', 'Set-Cookie', 'client_secret', 'card.cvv']
  )

  test.each([
    ['X-Tenant-Name', 'secret'],
    ['tenant', 'open'],
    ['my.internal.note', 'secret'],
    ['exact', 'secret'],
    ['exactly', 'open'],
    ['a1b2c', 'secret'],
    ['abc', 'secret'],
    ['ac', 'open'],
    ['acb', 'open'],
    ['x_session_kind', 'open'],
    ['x-session-kinds', 'secret'],
    ['password', 'secret'],
    ['set-cookie', 'secret'],
    ['client_secret', 'secret'],
    ['card.cvv', 'secret']
  ])('make %s %s', (key, secrecy) => {
    expect(custom.secrecy(key)).toBe(secrecy)
  })

  test('show a query parameter too', () => {
    expect(custom.inQuery('state')).toBe(false)
    expect(custom.inQuery('code')).toBe(true)
  })

  test('say so when a name of the hard core stays hidden', () => {
    const lines: string[] = []
    const report = {
      drops: new Map(),
      say() {},
      drop() {},
      hide: (text: string) => text,
      once: (line: string) => void lines.push(line)
    }
    redactor({ options: { allowKeys: ['password', 'session-kind'] }, report })
    expect(lines).toEqual(["redact.allowKeys: 'password' stays hidden"])
  })

  test.each([
    ['redact.keys', { keys: 'password' }],
    ['redact.keys', { keys: [/x/] }],
    ['redact.allowKeys', { allowKeys: [''] }],
    ['redact.headers.record', { headers: { record: 'x' } }],
    ['redact.hook', { hook: true }]
  ])('are checked: %s', (option, options) => {
    expect(() => redactor({ options: options as never })).toThrow(TypeError)
    expect(() => redactor({ options: options as never })).toThrow(option)
  })
})

test('a glob of many stars is matched in few steps', () => {
  const glob = createKeyRules(['*a'.repeat(60)], [])
  expect(glob.secrecy('a'.repeat(59))).toBe('open')
  expect(glob.secrecy('a'.repeat(60))).toBe('secret')
})
