import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { countSteps, redactor } from './setup.ts'

const clean = redactor()
const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N'

describe('a URL', () => {
  test.each([
    [
      'without secrets',
      'https://example.com:8080/a/b?x=1&y=#top',
      'https://example.com:8080/a/b?x=1&y=#top'
    ],
    ['with userinfo', 'https://user:pass@example.com/a', 'https://[redacted]@example.com/a'],
    ['with a user only', 'https://token@example.com/a', 'https://[redacted]@example.com/a'],
    ['with two at signs', 'https://u:p@ss@example.com/a', 'https://[redacted]@example.com/a'],
    ['with backslashes', 'https:\\\\u:p@example.com\\a', 'https:\\\\[redacted]@example.com\\a'],
    ['without a scheme', '//u:p@example.com/a', '//[redacted]@example.com/a'],
    ['with an IPv6 host', 'http://u:p@[::1]:80/', 'http://[redacted]@[::1]:80/'],
    ['with a slash in the password', 'postgres://u:p/w@host/db', 'postgres://[redacted]'],
    ['with a hash in the password', 'postgres://u:p#w@host/db', 'postgres://[redacted]'],
    ['with a question mark in the password', 'postgres://u:p?w@host/db', 'postgres://[redacted]'],
    [
      'with a secret query',
      '/cb?code=abc&state=xyz&page=2',
      '/cb?code=[redacted]&state=[redacted]&page=2'
    ],
    [
      'with a secret fragment',
      '/cb#access_token=abc&expires_in=5',
      '/cb#access_token=[redacted]&expires_in=5'
    ],
    ['with a route in the fragment', '/#/reset?token=abc&x=1', '/#/reset?token=[redacted]&x=1'],
    [
      "with the page's token in the fragment",
      'http://localhost:3000/_traces#t=abc',
      'http://localhost:3000/_traces#t=[redacted]'
    ],
    ['with a token in its path', `/verify/${jwt}/ok`, '/verify/:secret/ok'],
    ['with a session in its path', '/a;jsessionid=ABC/b;v=1', '/a;jsessionid=[redacted]/b;v=1'],
    ['of data', 'data:text/plain;base64,aGVsbG8=', 'data:[redacted]'],
    ['of one star', '*', '*'],
    ['of a tunnel', 'example.com:443', 'example.com:443'],
    ['that is empty', '', '']
  ])('%s', (_case, url, expected) => {
    expect(clean.url(url)).toBe(expected)
  })
})

describe('a path', () => {
  test.each([
    ['/api/items/:id', '/api/items/:id'],
    ['/users/@me/pkg@1.0.0', '/users/@me/pkg@1.0.0'],
    ['/caf%C3%A9/a%2Fb', '/caf%C3%A9/a%2Fb'],
    ['/a%zz/b', '/a%zz/b'],
    [`/${jwt}`, '/:secret'],
    [`/x${encodeURIComponent(' ')}Bearer%20abcdef/y`, '/:secret/y'],
    ['/proxy/https://user:pass@host/x', '/proxy/https://:secret/x'],
    ['/pay/4111111111111111', '/pay/:secret'],
    ['/k/AKIAIOSFODNN7EXAMPLE', '/k/:secret']
  ])('%s', (path, expected) => {
    expect(clean.path(path)).toBe(expected)
  })
})

describe('a query keeps', () => {
  test.each([
    'a=1&b=two&c=',
    'flag',
    'q=what%3F+is+this&x=1%2B1',
    'q=price%20%3D%205',
    'a[]=1&a[]=2',
    'url=https%3A%2F%2Fexample.com%2Fa%3Fb%3Dc',
    'next=/a?b=c',
    'filter={"name":"bob"}',
    'a=[redacted]',
    'redirect=%2Fhome&author=bob&country_code=de'
  ])('%s', (query) => {
    expect(clean.query(query)).toBe(query)
  })
})

describe('a query hides', () => {
  test.each([
    ['a secret', 'token=x&a=1', 'token=[redacted]&a=1'],
    [
      'whatever the case',
      'Api_Key=x&apiKey=y&API-KEY=z',
      'Api_Key=[redacted]&apiKey=[redacted]&API-KEY=[redacted]'
    ],
    ['an escaped name', '%74oken=x&to%6Ben=y', '%74oken=[redacted]&to%6Ben=[redacted]'],
    [
      'a nested name',
      'user[password]=x&user%5Bpassword%5D=y',
      'user[password]=[redacted]&user%5Bpassword%5D=[redacted]'
    ],
    ['behind a semicolon', 'a=1;token=x', 'a=1;token=[redacted]'],
    ['by its form', `a=${jwt}&b=Bearer+abc`, 'a=[redacted]&b=[redacted]'],
    ['a bare token', jwt, '[redacted]'],
    ['a name that is a token', `${jwt}=1`, '[redacted]'],
    ['a URL with a secret', 'next=https%3A%2F%2Fx%2F%3Ftoken%3Dabc', 'next=[redacted]'],
    [
      'a URL with a secret, escaped twice',
      'next=https%253A%252F%252Fx%252F%253Ftoken%253Dabc',
      'next=[redacted]'
    ],
    ['a URL with credentials', 'db=postgres%3A%2F%2Fu%3Ap%40h', 'db=[redacted]'],
    ['JSON with a secret', 'f=%7B%22password%22%3A%22x%22%7D', 'f=[redacted]'],
    [
      'what signs a request to a cloud',
      'X-Amz-Credential=a&X-Amz-Signature=b&X-Amz-Security-Token=c&AWSAccessKeyId=d&sig=e&X-Goog-Signature=f',
      'X-Amz-Credential=[redacted]&X-Amz-Signature=[redacted]&X-Amz-Security-Token=[redacted]&AWSAccessKeyId=[redacted]&sig=[redacted]&X-Goog-Signature=[redacted]'
    ]
  ])('%s', (_case, query, expected) => {
    expect(clean.query(query)).toBe(expected)
  })
})

describe('an odd query is dropped whole, its path is kept', () => {
  test.each([
    ['a bad escape', 'a=1&b=%zz'],
    ['a bad escape in a name', 'a%=1'],
    ['an escape that is not UTF-8', 'a=%ff'],
    ['a name that is escaped twice', '%2574oken=x'],
    ['a control character', 'a=1\u0000&b=2'],
    ['a space', 'a=b c'],
    ['more than 2 KiB', `a=${'x'.repeat(2048)}`],
    ['more than 100 pairs', Array(102).fill('a=1').join('&')]
  ])('%s', (_case, query) => {
    expect(clean.query(query)).toBe('')
    expect(clean.url(`/path?${query}`)).toBe('/path')
    expect(clean.url(`https://h/path?${query}#top`)).toBe('https://h/path#top')
  })
})

test('a URL of many kilobytes keeps the beginning of its path', () => {
  const url = clean.url(`/${'a'.repeat(20_000)}?token=x`)
  expect(url.length).toBe(1024)
  expect(url.startsWith('/aaaa')).toBe(true)
  expect(clean.url(`/a?x=${'b'.repeat(20_000)}`)).toBe('/a')
})

const piece = fc.constantFrom(
  'http://',
  '//',
  '/',
  '\\',
  '?',
  '#',
  '&',
  ';',
  '=',
  '@',
  ':',
  '%',
  '%25',
  '%74oken',
  '%zz',
  '+',
  '[',
  ']',
  '{"',
  '"',

  'token',
  'user',
  'pass',
  'a',
  'b=1',
  jwt,
  '[redacted]',
  ':secret',
  '4111111111111111',
  'data:',
  '\u0000',
  '\ud800',
  'é',
  ' '
)
const soup = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join(''))
)

test('anything is taken without an exception, and hiding twice is hiding once', () => {
  fc.assert(
    fc.property(soup, (text) => {
      for (const method of ['url', 'path', 'query'] as const) {
        const once = clean[method](text)
        expect(clean[method](once)).toBe(once)
      }
    }),
    { numRuns: 5000 }
  )
})

test('no value of a secret name is ever seen, however the rest looks', () => {
  const name = fc.constantFrom(
    'token',
    'apiKey',
    'user[password]',
    'X-Amz-Signature',
    'to%6ben',
    'code'
  )
  fc.assert(
    fc.property(soup, name, soup, (before, key, after) => {
      const text = `/path?${before}&${key}=Canary7&${after}`
      const shown = clean.url(text)
      expect(shown).not.toContain('Canary7')
      expect(shown.startsWith('/path')).toBe(true)
    }),
    { numRuns: 5000 }
  )
})

test('no credentials of a host are ever seen', () => {
  const inUser = fc.stringMatching(/^[A-Za-z0-9:@!$%^*()_.~+=,;-]{0,8}$/)
  fc.assert(
    fc.property(
      fc.constantFrom('https://', '//', 'redis://'),
      inUser,
      fc.constantFrom('', '/x', '?x=1', '#x'),
      (scheme, user, rest) => {
        expect(clean.url(`${scheme}${user}Canary7@host${rest}`)).not.toContain('Canary7')
      }
    ),
    { numRuns: 2000 }
  )
})

test.each(['/', 'a/', ';a=b', '%41', '?a=', '#', '://', '@', ':a@', '[', '%2525'])(
  'twice as much of %j takes no more than about twice the steps',
  (text) => {
    const steps = (count: number): number => countSteps(() => clean.url(`/x${text.repeat(count)}`))
    expect(steps(2000)).toBeLessThan(steps(1000) * 2.3 + 200)
  }
)
