import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hideValues } from '../../src/redact/values.ts'
import { countSteps, redactor } from './setup.ts'

const clean = redactor()
const jwt =
  'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U'
const long = 'Ab3'.repeat(12)

describe('hidden by its form', () => {
  test.each([
    ['a bearer token', 'got Bearer abc.def-1 today', 'got Bearer [redacted] today'],
    [
      'a lower-case bearer token',
      'authorization: bearer abcdef',
      'authorization: bearer [redacted]'
    ],
    ['basic credentials', 'Basic dXNlcjpwYXNz', 'Basic [redacted]'],
    ['a JSON web token', `<${jwt}>`, '<[redacted]>'],
    ['a token without a signature', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiIx.', '[redacted]'],
    ['an encrypted token', 'eyJhbGciOiJSU0EifQ.a.b.c.d!', '[redacted]!'],
    [
      'a private key',
      'x -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- y',
      'x [redacted] y'
    ],
    ['a private key without its end', 'x -----BEGIN PRIVATE KEY-----\nMIIE', 'x [redacted]'],
    ['a GitHub token', `ghp_${long}, gho_${long}`, '[redacted], [redacted]'],
    ['a fine-grained GitHub token', `github_pat_${long}_${long}`, '[redacted]'],
    ['a Slack token', 'xoxb-123456-abcdef', '[redacted]'],
    ['a Stripe key', 'sk_live_4eC39HqLyjWD and rk_live_4eC39HqLyjWD', '[redacted] and [redacted]'],
    ['an OpenAI key', 'key=sk-proj-4eC39HqLyjWDarjtT1zdp7dc', 'key=[redacted]'],
    ['an AWS access key id', 'AKIAIOSFODNN7EXAMPLE/ASIAIOSFODNN7EXAMPLE', '[redacted]/[redacted]'],
    ['a Google API key', `AIzaSyA${'b'.repeat(32)}`, '[redacted]'],
    ['a GitLab token', 'glpat-abcdef1234567890abcd', '[redacted]'],
    ['an npm token', `npm_${long}`, '[redacted]'],
    [
      'credentials of a URL',
      'to postgres://user:pass@db:5432/app',
      'to postgres://[redacted]@db:5432/app'
    ],
    ['a password with an at sign', 'redis://:p@ss@host', 'redis://[redacted]@host'],
    ['a password with a slash', 'postgres://user:pa/ss@host/db', 'postgres://[redacted]@host/db'],
    ['a card number', 'card 4111111111111111.', 'card [redacted].'],
    [
      'a card number in groups',
      '4111 1111 1111 1111 and 3782-822463-10005',
      '[redacted] and [redacted]'
    ],
    ['a card number behind another number', 'order 12 4111 1111 1111 1111', 'order 12 [redacted]']
  ])('%s', (_case, text, expected) => {
    expect(clean.text(text, 500)).toBe(expected)
  })
})

describe('hidden by the name before it', () => {
  test.each([
    ['logfmt', 'user=bob password=hunter2 ok', 'user=bob password=[redacted] ok'],
    ['a query string', 'GET /x?a=1&access_token=abc&b=2', 'GET /x?a=1&access_token=[redacted]&b=2'],
    [
      'a connection string',
      'Server=db;User Id=sa;Password=p!w;',
      'Server=db;User Id=sa;Password=[redacted];'
    ],
    [
      'JSON',
      '{"user":"bob","apiKey": "a\\"b","n":1}',
      '{"user":"bob","apiKey": "[redacted]","n":1}'
    ],
    [
      'JSON inside JSON',
      '{\\"password\\":\\"x\\",\\"a\\":1}',
      '{\\"password\\":\\"[redacted]",\\"a\\":1}'
    ],
    ['a number in JSON', '{"pin":1234,"a":1}', '{"pin":[redacted],"a":1}'],
    [
      "Node's printing of an object",
      '{ password: \'x\', Authorization: "y" }',
      '{ password: \'[redacted]\', Authorization: "[redacted]" }'
    ],
    ['an open quote', 'token="abc def', 'token="[redacted]'],
    ['a quoted value with spaces', 'secret="a b c" x', 'secret="[redacted]" x']
  ])('%s', (_case, text, expected) => {
    expect(clean.text(text, 500)).toBe(expected)
  })
})

describe('left as it is', () => {
  test.each([
    'Bearer token is missing',
    'Basic authentication required',
    'the basic plan',
    'unexpected token: )',
    'Unexpected token < in JSON at position 0',
    'token == other, token => x',
    'disk-abcdefghijklmnopqrstuvwxyz',
    'task-01234567890123456789',
    'npm_config_registry and npm_package_name',
    'AKIA is a prefix, eyJ too',
    'https://example.com:8080/a@b?x=1',
    'git://host/path and file:///srv/app/index.js:10:5',
    'took 1732290000000 ms, 1732290000000000 us, 1732290000000000000 ns',
    'order 4111111111111112',
    'at 2025-11-22 15:28:00 to 2025-11-23',
    '0.4111111111111111',
    'a4111111111111111',
    '550e8400-e29b-41d4-a716-446655440000',
    '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    'author=bob state=done code=5 primarykey=7',
    'x'.repeat(400)
  ])('%s', (text) => {
    expect(clean.text(text, 500)).toBe(text)
  })
})

describe('the limit', () => {
  test('cuts behind what was hidden, not through it', () => {
    const text = `${'x'.repeat(90)} ${jwt}`
    expect(clean.text(text, 100)).toBe(`${'x'.repeat(90)} [redacte…`)
  })

  test('shows no piece of a secret that is longer than what is read', () => {
    const text = `${'x '.repeat(40)}eyJ${'A'.repeat(9000)}.${'B'.repeat(90)}.C`
    expect(clean.text(text, 100)).not.toContain('AAAA')
  })

  test('holds after hiding has made the text longer', () => {
    const text = 'a://b:c@d '.repeat(10).trim()
    expect(clean.text(text, text.length).length).toBeLessThanOrEqual(text.length)
  })
})

test('what is no text is empty', () => {
  for (const odd of [undefined, null, 5, {}, []]) expect(clean.text(odd as never, 100)).toBe('')
})

const alphabet = fc.constantFrom(
  'Bearer ',
  'Basic ',
  'eyJ',
  '-----BEGIN',
  '-----END',
  'ghp_',
  'sk-',
  'xoxb-',
  '://',
  '@',
  ':',
  '.',
  '/',
  ' ',
  '"',
  "'",
  '\\',

  'password',
  'token=',
  'apiKey"',
  '=',
  '[redacted]',
  '…',
  '4111 1111',
  '1111 1111',
  '4111111111111111',
  long,
  'a',
  '\ud800',
  '\u00e9'
)
const soup = fc.array(alphabet, { maxLength: 24 }).map((pieces) => pieces.join(''))

test('hiding twice is hiding once', () => {
  fc.assert(
    fc.property(soup, fc.integer({ min: 1, max: 120 }), (text, length) => {
      const once = clean.text(text, length)
      expect(once.length).toBeLessThanOrEqual(length)
      expect(clean.text(once, length)).toBe(once)
    }),
    { numRuns: 5000 }
  )
})

test.each([
  'eyJ',
  'eyJ.',
  'Bearer ',
  'Basic a',
  'sk-',
  'xsk-',
  'ghp_',
  '-----BEGIN',
  '://',
  '://a:b/',
  '4 1 ',
  '4111-',
  'xoxb-a@',
  'AIza_'
])('twice as much of %j takes no more than about twice the steps', (piece) => {
  const steps = (count: number): number => countSteps(() => hideValues(piece.repeat(count)))
  expect(steps(4000)).toBeLessThan(steps(2000) * 2.3)
})

test.each(['a=', 'token=', '"password":', "password: '", "x'=", '\\"token\\":\\"'])(
  'names: twice as much of %j takes no more than about twice the steps',
  (piece) => {
    const steps = (count: number): number =>
      countSteps(() => clean.text(piece.repeat(count), piece.length * 4000))
    expect(steps(4000)).toBeLessThan(steps(2000) * 2.3)
  }
)
