import { describe, expect, it } from 'vitest'
import { inFlightText } from '../../src/query/in-flight-text.ts'
import { flat, record, span, traceId } from './fixtures.ts'

const ms = 1e6
const server = {
  id: 1,
  kind: 1,
  name: 'GET',
  open: true,
  duration: 12_300 * ms,
  attributes: flat({ 'http.request.method': 'GET', 'url.path': '/orders/7' })
} as const

describe('the text of what is in flight', () => {
  it('says so when nothing is', () => {
    expect(inFlightText([])).toEqual(['nothing was in flight'])
  })

  it('shows the open spans under each other, each with its time', () => {
    const trace = record(
      [
        span(server),
        span({ id: 2, parent: 1, name: 'load order', open: true, duration: 12_000 * ms }),
        span({ id: 3, parent: 2, name: 'GET session', duration: 10 * ms }),
        span({ id: 4, parent: 2, name: 'SELECT orders', open: true, duration: 340 * ms })
      ],
      { traceId: traceId(7) }
    )
    expect(inFlightText([trace])).toEqual([
      'one request was in flight:',
      `  GET /orders/7, for 12.3 s, trace ${traceId(7)}`,
      '    load order, for 12.0 s',
      '      SELECT orders, for 340 ms'
    ])
  })

  it('tells what was done last where nothing below the request is open, and its last log line', () => {
    const log = (time: number, body: string) =>
      ({ time, severity: 'info', body, attributes: [] }) as const
    const trace = record([
      span({ ...server, logs: [log(1, 'first'), log(200 * ms, 'loading order 7')] }),
      span({ id: 2, parent: 1, name: 'SELECT a', start: 0, duration: 100 * ms }),
      span({ id: 3, parent: 1, name: 'SELECT b', start: 100 * ms, duration: 200 * ms })
    ])
    expect(inFlightText([trace]).slice(2)).toEqual([
      '    waiting since SELECT b ended, 12.0 s ago',
      '    last log: loading order 7'
    ])
  })

  it('names the exception that ends the process', () => {
    const exception = {
      name: 'exception',
      time: 0,
      attributes: flat({ 'exception.type': 'RangeError', 'exception.message': 'too late' })
    }
    const lines = inFlightText([record([span({ ...server, events: [exception] })])])
    expect(lines.slice(2)).toEqual(['    threw RangeError: too late'])
  })

  it('stays short, whatever is in flight', () => {
    const many = Array.from({ length: 50 }, (_, i) =>
      span({ id: i + 2, parent: i + 1, name: 'x'.repeat(250), open: true })
    )
    const lines = inFlightText(
      Array.from({ length: 1000 }, (_, i) =>
        record([span(server), ...many], { traceId: traceId(i + 1) })
      )
    )
    expect(lines[0]).toBe('1000 requests were in flight:')
    expect(lines.at(-1)).toBe('and 980 more')
    expect(lines.length).toBe(2 + 20 * 22)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(300)
  })
})
