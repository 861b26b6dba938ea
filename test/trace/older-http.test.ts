import { describe, expect, it } from 'vitest'
import type { Attributes } from '../../src/base/attributes.ts'
import { defaultLimits } from '../../src/base/limits.ts'
import { createReport } from '../../src/base/report.ts'
import type { TraceRecord } from '../../src/base/span-data.ts'
import type { Received } from '../../src/trace/received.ts'
import { createRedactor } from '../../src/redact/redactor.ts'
import { addHttp, olderHttp } from '../../src/trace/older-http.ts'
import { summarise } from '../../src/trace/summary.ts'
import { bytes, decodeBody, decodeSetup, least, request } from '../interop/otlp/setup.ts'
import { openRedactor } from '../span/setup.ts'

const rules = { limits: defaultLimits, redactor: openRedactor }

function added(attributes: Attributes): Attributes {
  const all = [...attributes]
  addHttp(all, rules)
  expect(all.slice(0, attributes.length)).toEqual(attributes)
  return all.slice(attributes.length)
}

describe('a request with older names', () => {
  it.each([
    [
      ['http.method', 'GET', 'http.target', '/stock?q=1', 'http.status_code', 503],
      ['http.request.method', 'GET', 'http.response.status_code', 503, 'url.path', '/stock']
    ],
    [
      ['http.method', 'PUT', 'http.url', 'https://shop.test/a/b?c=d#e', 'http.status_code', '200'],
      [
        'http.request.method',
        'PUT',
        'http.response.status_code',
        200,
        'url.path',
        '/a/b',
        'url.full',
        'https://shop.test/a/b?c=d#e'
      ]
    ],
    [
      ['http.url', 'http://shop.test'],
      ['url.path', '/', 'url.full', 'http://shop.test']
    ],
    [
      ['http.path', '/api', 'http.url', 'http://shop.test/other'],
      ['url.path', '/api', 'url.full', 'http://shop.test/other']
    ],
    [
      ['http.request.method', 'POST', 'url.path', '/new', 'http.method', 'GET', 'http.target', '/'],
      []
    ],
    [
      ['http.status_code', 'none', 'http.target', ''],
      ['http.response.status_code', 'none']
    ],
    [['http.route', '/a/:id', 'http.flavor', '1.1'], []],
    [['key', 'http.method'], []]
  ])('%j has these as well: %j', (given, expected) => {
    expect(added(given)).toEqual(expected)
  })

  it('is listed, searched and counted as one with the names of today', () => {
    // As OpenTelemetry's instrumentations for Go and Python send it, a query among it.
    const attribute = (key: string, value: object) => ({ key, value })
    const body = request(
      {
        ...least,
        kind: 2,
        name: 'GET /stock',
        attributes: [
          attribute('http.method', { stringValue: 'GET' }),
          attribute('http.target', { stringValue: '/stock?q=1' }),
          attribute('http.status_code', { intValue: '503' })
        ]
      },
      {
        ...least,
        spanId: 'c'.repeat(16),
        parentSpanId: least.spanId,
        kind: 3,
        name: 'SELECT',
        attributes: [attribute('db.system', { stringValue: 'postgresql' })]
      }
    )
    const [record] = (decodeBody(bytes(body), decodeSetup()) as Received).records as [TraceRecord]
    expect(summarise(record)).toMatchObject({
      method: 'GET',
      route: '/stock',
      httpStatus: 503,
      db: 1
    })
  })

  it('may have as many attributes as a span can', () => {
    const many = Array.from({ length: defaultLimits.attributes - 1 }, (_, i) => [`a${i}`, i]).flat()
    const given = [...many, 'http.url', 'http://shop.test/a', 'http.method', 'GET'].slice(0, -2)
    expect(given).toHaveLength(defaultLimits.attributes * 2)
    expect(added(given)).toEqual(['url.path', '/a', 'url.full', 'http://shop.test/a'])
    expect(olderHttp).toBe(4)
  })

  it('keeps no secret that its address holds', () => {
    const report = createReport(() => {})
    const redactor = createRedactor({ mode: 'token', limits: defaultLimits, options: {}, report })
    const all: Attributes = ['http.url', 'https://u:p@shop.test/a?token=hunter2']
    addHttp(all, { limits: defaultLimits, redactor })
    expect(JSON.stringify(all.slice(2))).not.toMatch(/hunter2|u:p/)
    expect(all).toContain('url.full')
  })
})
