import { describe, expect, it } from 'vitest'
import { forwardingHeader, ProxyLatch, type RequestHead } from '../../src/serve/proxy-latch.ts'

function see(headers: Record<string, string>, version = '1.1'): string {
  const latch = new ProxyLatch(() => undefined)
  latch.observe(request({ Host: 'localhost:3000', ...headers }, version))
  return latch.sign
}

function request(headers: Record<string, string>, httpVersion = '1.1'): RequestHead {
  const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])
  return {
    rawHeaders: Object.entries(headers).flat(),
    headers: Object.fromEntries(lower) as Record<string, string>,
    httpVersion,
    socket: undefined
  }
}

const rewritten = 'a Host that is not the one the browser asked for'

describe('the latch', () => {
  it.each([
    [{ 'X-Forwarded-For': '1.2.3.4' }, 'x-forwarded-for'],
    [{ 'x-forwarded-proto': 'https' }, 'x-forwarded-proto'],
    [{ 'X-FORWARDED-PREFIX': '/a' }, 'x-forwarded-prefix'],
    [{ Forwarded: 'for=1.2.3.4' }, 'forwarded'],
    [{ Via: '1.1 varnish' }, 'via'],
    [{ 'X-Real-IP': '1.2.3.4' }, 'x-real-ip'],
    [{ 'CF-Ray': 'x' }, 'cf-ray'],
    [{ 'True-Client-IP': '1.2.3.4' }, 'true-client-ip'],
    [{ Host: 'staging.example.com' }, 'a Host that is not this machine'],
    [{ Host: '192.168.0.7:3000' }, 'a Host that is not this machine'],
    [{ Host: 'a b' }, 'a Host that is not this machine'],
    [{ 'Sec-Fetch-Site': 'same-origin', Referer: 'https://staging.example.com/shop' }, rewritten],
    [{ 'Sec-Fetch-Site': 'same-origin', Origin: 'https://staging.example.com' }, rewritten]
  ])('sees a proxy by %j', (headers: Record<string, string>, sign) => {
    expect(see(headers)).toBe(sign)
  })

  it('sees a proxy by HTTP/1.0', () => {
    expect(see({}, '1.0')).toBe('HTTP/1.0')
  })

  it.each<Record<string, string>>([
    {},
    { Host: '127.0.0.1:3000' },
    { Host: '[::1]:3000' },
    { Host: 'app.localhost:3000' },
    {
      'X-Request-Id': '1',
      'Content-Type': 'a/b',
      Cookie: 'a=b',
      Traceparent: '00',
      TE: 'trailers'
    },
    {
      'X-Requested-With': 'x',
      'X-Forward': 'x',
      'Cache-Control': 'no-cache',
      Vary: 'x',
      V: 'x',
      '': ''
    },
    { 'Sec-Fetch-Site': 'same-origin', Referer: 'http://localhost:3000/shop' },
    { 'Sec-Fetch-Site': 'same-origin', Referer: 'not a url' },
    // The server of a front end that forwards to us, on this machine.
    { 'Sec-Fetch-Site': 'same-origin', Referer: 'http://localhost:5173/' },
    { 'Sec-Fetch-Site': 'cross-site', Referer: 'https://elsewhere.example/' }
  ])('sees none in %j', (headers: Record<string, string>) => {
    expect(see(headers)).toBe('')
  })

  it('says it once, and stays shut', () => {
    const signs: string[] = []
    const latch = new ProxyLatch((sign) => signs.push(sign))
    latch.observe(request({ Host: 'localhost', Via: 'x' }))
    latch.observe(request({ Host: 'localhost', 'X-Real-IP': 'x' }))
    latch.observe(request({ Host: 'localhost' }))
    expect(signs).toEqual(['via'])
    expect(latch.sign).toBe('via')
  })

  it('looks at every request of a connection, not at the first one only', () => {
    const latch = new ProxyLatch(() => undefined)
    for (let i = 0; i < 3; i++) latch.observe(request({ Host: 'localhost:3000' }))
    latch.observe(request({ Host: 'shop.example' }))
    expect(latch.sign).not.toBe('')
  })
})

describe('a forwarding header', () => {
  it('is found by its name, not by what a value says', () => {
    expect(forwardingHeader(['a', 'via', 'b', 'x-forwarded-for'])).toBe('')
    expect(forwardingHeader(['a', '', 'Via', ''])).toBe('via')
  })
})
