import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  hostAllowed,
  isLoopbackAddress,
  isLoopbackHost,
  originAllowed,
  readHost
} from '../../src/serve/hosts.ts'

describe('a Host header', () => {
  it.each([
    ['localhost', 'localhost', ''],
    ['LocalHost:3000', 'localhost', '3000'],
    ['127.0.0.1:1', '127.0.0.1', '1'],
    ['[::1]:3000', '::1', '3000'],
    ['[::1]', '::1', ''],
    ['a_b.example-c.com', 'a_b.example-c.com', '']
  ])('%s is read', (text, name, port) => {
    expect(readHost(text)).toEqual({ text: text.toLowerCase(), name, port })
  })

  it.each([
    undefined,
    '',
    ' ',
    'a b',
    '[::1',
    '%',
    'a:',
    'a:123456',
    'a:80:80',
    'user@host',
    'host/path',
    'a,b',
    'a\r\nx: y',
    'a;b',
    'a'.repeat(256)
  ])('%j is refused', (text) => {
    expect(readHost(text)).toBeUndefined()
  })

  it('never throws, and gives only what may stand in another header', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const host = readHost(text)
        if (host !== undefined) expect(host.text).toMatch(/^[a-z0-9._:[\]-]+$/)
      })
    )
  })
})

describe('this machine', () => {
  it.each(['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1'])('is %s', (address) => {
    expect(isLoopbackAddress(address)).toBe(true)
  })

  it.each([
    undefined,
    '',
    '10.0.0.1',
    '::ffff:10.0.0.1',
    '128.0.0.1',
    '::2',
    'localhost',
    '0.0.0.0'
  ])('is not %s', (address) => {
    expect(isLoopbackAddress(address)).toBe(false)
  })

  it.each(['localhost', 'localhost:3000', 'app.localhost:3000', '127.0.0.1:3000', '[::1]:3000'])(
    'is named by %s',
    (text) => {
      expect(isLoopbackHost(readHost(text)!)).toBe(true)
    }
  )

  it.each(['localhost.evil.com', 'notlocalhost', '127.0.0.1.nip.io', '192.168.0.1', 'localhost.'])(
    'is not named by %s',
    (text) => {
      expect(isLoopbackHost(readHost(text)!)).toBe(false)
    }
  )
})

describe('a host name', () => {
  const allowed = (text: string, ...list: string[]): boolean => hostAllowed(readHost(text)!, list)

  it('is answered when it is local, an address, or on the list', () => {
    expect(allowed('localhost:3000')).toBe(true)
    expect(allowed('192.168.1.9:3000')).toBe(true)
    expect(allowed('[2001:db8::1]')).toBe(true)
    expect(allowed('staging.example.com', 'staging.example.com')).toBe(true)
    expect(allowed('staging.example.com:8080', 'Staging.Example.com')).toBe(true)
    expect(allowed('a.example.com', '.example.com')).toBe(true)
  })

  it('is refused when anybody could have pointed it here', () => {
    expect(allowed('evil.com')).toBe(false)
    expect(allowed('evil.com', 'example.com')).toBe(false)
    expect(allowed('xexample.com', 'example.com', '.example.com')).toBe(false)
    expect(allowed('example.com', '.example.com')).toBe(false)
    expect(allowed('a.example.com', 'example.com')).toBe(false)
    expect(allowed('evil.com', '.', '*', '')).toBe(false)
    // What a browser would make 127.0.0.1 of, and sends as that.
    expect(allowed('2130706433')).toBe(false)
    expect(allowed('127.1')).toBe(false)
  })
})

describe('an Origin', () => {
  const own = (
    origin: string,
    host: string,
    { encrypted = false, allowedHosts = [] as string[], allowedOrigins = [] as string[] } = {}
  ): boolean => originAllowed(origin, readHost(host)!, encrypted, { allowedHosts, allowedOrigins })

  it("is the page's own with the same scheme, host and port", () => {
    expect(own('http://localhost:3000', 'localhost:3000')).toBe(true)
    expect(own('http://localhost', 'localhost:80')).toBe(true)
    expect(own('http://[::1]:3000', '[::1]:3000')).toBe(true)
    expect(own('https://a.example', 'a.example', { encrypted: true })).toBe(true)
  })

  it.each([
    ['null', 'localhost:3000'],
    ['http://localhost:5173', 'localhost:3000'],
    ['http://localhost', 'localhost:3000'],
    ['http://127.0.0.1:3000', 'localhost:3000'],
    ['https://localhost:3000', 'localhost:3000'],
    ['http://localhost:3000.evil.com', 'localhost:3000'],
    ['http://1.2.3.4', 'localhost:3000'],
    ['http://localhost:3000/', 'localhost:3000'],
    ['HTTP://LOCALHOST:3000', 'localhost:3000'],
    ['', 'localhost:3000']
  ])('%s is not the one of %s', (origin, host) => {
    expect(own(origin, host)).toBe(false)
  })

  it('may be https where the owner named the host, for a proxy that ends TLS', () => {
    expect(own('https://s.example', 's.example')).toBe(false)
    expect(own('https://s.example', 's.example', { allowedHosts: ['s.example'] })).toBe(true)
    expect(own('https://t.example', 's.example', { allowedHosts: ['s.example'] })).toBe(false)
    expect(own('https://s.example:444', 's.example', { allowedHosts: ['s.example'] })).toBe(false)
  })

  it('may be one of a list, to the letter', () => {
    const allowedOrigins = ['https://s.example']
    expect(own('https://s.example', '10.0.0.1', { allowedOrigins })).toBe(true)
    expect(own('https://s.example.evil', '10.0.0.1', { allowedOrigins })).toBe(false)
    expect(own('null', '10.0.0.1', { allowedOrigins })).toBe(false)
  })
})
