import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { maskAddress } from '../../src/redact/addresses.ts'
import { redactor } from './setup.ts'

const local = redactor()
const token = redactor({
  mode: 'token',
  options: { headers: { record: ['X-Foo', 'authorization', 'x-api-key'] } }
})
const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N'

describe('in both modes', () => {
  test.each([
    ['content-type', 'application/json; charset=utf-8', 'application/json; charset=utf-8'],
    ['Accept-Encoding', 'gzip, br', 'gzip, br'],
    ['user-agent', 'curl/8.5.0', 'curl/8.5.0'],
    ['host', 'localhost:3000', 'localhost:3000'],
    ['etag', 'W/"abc-123"', 'W/"abc-123"'],
    ['if-none-match', '"abc-123"', '"abc-123"'],
    [
      'x-request-id',
      '550e8400-e29b-41d4-a716-446655440000',
      '550e8400-e29b-41d4-a716-446655440000'
    ],
    [
      'traceparent',
      '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    ],
    ['idempotency-key', 'order-5', 'order-5'],
    ['sec-fetch-site', 'same-origin', 'same-origin'],
    ['access-control-allow-origin', '*', '*'],
    ['x-forwarded-proto', 'https', 'https'],
    ['cache_control', 'no-store', 'no-store'],
    ['user-agent', `x/${jwt}`, 'x/[redacted]'],
    ['authorization', 'Bearer abc', 'Bearer [redacted]'],
    ['Authorization', 'basic dXNlcjpwYXNz', 'basic [redacted]'],
    ['authorization', 'Digest username="bob", response="x"', 'Digest [redacted]'],
    ['authorization', 'AWS4-HMAC-SHA256 Credential=x', 'AWS4-HMAC-SHA256 [redacted]'],
    ['authorization', 'mysecret', '[redacted]'],
    ['authorization', 'my secret', '[redacted]'],
    ['proxy-authorization', 'Basic abc', 'Basic [redacted]'],
    ['www-authenticate', 'Digest nonce="abc"', 'Digest [redacted]'],
    ['www-authenticate', 'Negotiate', 'Negotiate [redacted]'],
    ['cookie', 'sid=abc; theme=dark', 'sid=[redacted]; theme=[redacted]'],
    ['cookie', 'abc', '[redacted]'],
    ['cookie', 'a="x; y"; b=2', 'a=[redacted]; [redacted]; b=[redacted]'],
    ['cookie', `${jwt}=1`, '[redacted]=[redacted]'],
    [
      'set-cookie',
      'sid=abc; Path=/; Domain=.example.com; Max-Age=60; HttpOnly; Secure; SameSite=Lax',
      'sid=[redacted]; Path=/; Domain=.example.com; Max-Age=60; HttpOnly; Secure; SameSite=Lax'
    ],
    [
      'set-cookie',
      'sid=abc; Expires=Wed, 21 Oct 2015 07:28:00 GMT; Odd=abc',
      'sid=[redacted]; Expires=Wed, 21 Oct 2015 07:28:00 GMT'
    ],
    ['set-cookie', 'a=b; Path=/, c=d', 'a=[redacted]'],
    ['baggage', 'user=bob;p=1,tier=gold', 'user=[redacted], tier=[redacted]'],
    ['uberctx-user', 'bob', '[redacted]'],
    ['referer', 'https://u:p@x/cb?code=abc&a=1', 'https://[redacted]@x/cb?code=[redacted]&a=1'],
    ['location', '/reset?token=abc', '/reset?token=[redacted]'],
    ['x-api-key', 'abc', '[redacted]'],
    ['x-custom-key', 'abc', '[redacted]'],
    ['x-auth-token', 'abc', '[redacted]'],
    ['x-csrf-token', 'abc', '[redacted]'],
    ['sec-websocket-key', 'abc', '[redacted]'],
    ['sec-websocket-protocol', 'traces.v1, traces.t.abc', '[redacted]'],
    ['x-forwarded-client-cert', 'Hash=abc', '[redacted]'],
    ['x-amz-security-token', 'abc', '[redacted]']
  ])('%s: %s', (name, value, expected) => {
    expect(local.header(name, value)).toBe(expected)
    expect(token.header(name, value)).toBe(expected)
  })

  test.each(['', 'a b', 'a:b', 'x'.repeat(200), 'é', 7 as never])('the name %j is none', (name) => {
    expect(local.header(name, 'x')).toBeUndefined()
  })

  test('a value that is no text is none', () => {
    expect(local.header('accept', ['a'] as never)).toBeUndefined()
  })
})

describe('by mode', () => {
  test.each([
    ['x-foo-bar', 'hello', 'hello', '[5 characters]'],
    ['x-foo', 'hello', 'hello', 'hello'],
    ['x-foo', `a ${jwt}`, 'a [redacted]', 'a [redacted]'],
    ['x-forwarded-for', '203.0.113.7, 10.0.0.1', '203.0.113.7, 10.0.0.1', '203.0.113.0, 10.0.0.0'],
    ['x-real-ip', '2001:db8:1:2::3', '2001:db8:1:2::3', '2001:db8:1::'],
    ['cf-connecting-ip', 'canary', 'canary', '[redacted]'],
    [
      'forwarded',
      'for=203.0.113.7;proto=https;host=x, for="[2001:db8:1:2::3]:80";secret=1',
      'for=203.0.113.7;proto=https;host=x, for="[2001:db8:1:2::3]:80";secret=[redacted]',
      'for=203.0.113.0;proto=https;host=x, for=2001:db8:1::;[redacted]'
    ]
  ])('%s: %s', (name, value, inLocal, inToken) => {
    expect(local.header(name, value)).toBe(inLocal)
    expect(token.header(name, value)).toBe(inToken)
  })
})

test.each([
  ['203.0.113.7', '203.0.113.0'],
  [' 203.0.113.7:8080 ', '203.0.113.0'],
  ['::ffff:203.0.113.7', '::ffff:203.0.113.0'],
  ['[2001:db8:1:2::3]:443', '2001:db8:1::'],
  ['"[2001:db8::1]"', '2001:db8:0::'],
  ['::1', '0:0:0::'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1::'],
  ['[fe80::1%eth0]', 'fe80:0:0::'],
  ['unknown', 'unknown'],
  ['_hidden', '[redacted]'],
  ['999.1.1.1', '[redacted]'],
  ['', '[redacted]']
])('the address %j is shown as %s', (address, masked) => {
  expect(maskAddress(address)).toBe(masked)
  expect(maskAddress(masked)).toBe(masked)
})

test('any header is taken without an exception, and hiding twice is hiding once', () => {
  const name = fc.constantFrom(
    'cookie',
    'set-cookie',
    'authorization',
    'baggage',
    'referer',
    'forwarded',
    'x-forwarded-for',
    'x-real-ip',
    'x-foo',
    'x-other',
    'accept',
    'x-api-key'
  )
  const part = fc.constantFrom(
    'a=b',
    ';',
    ',',
    ' ',
    '=',
    'Path=/',
    'for=1.2.3.4',
    'Bearer x',
    jwt,
    '"',
    '[redacted]',
    '::1',
    'é',
    'password=x'
  )
  const value = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(part, { maxLength: 12 }).map((parts) => parts.join(''))
  )
  fc.assert(
    fc.property(name, value, (header, text) => {
      for (const clean of [local, token]) {
        const once = clean.header(header, text) as string
        expect(clean.header(header, once)).toBe(once)
      }
    }),
    { numRuns: 5000 }
  )
})
