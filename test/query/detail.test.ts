import { describe, expect, it } from 'vitest'
import { spanDetail, traceLogs } from '../../src/query/detail.ts'
import { epochMs, finish, flat, record, span, spanId, traceId } from './fixtures.ts'

const rich = span({
  id: 2,
  parent: 1,
  name: 'SELECT',
  kind: 2,
  start: 1_500_000,
  duration: 250_000,
  status: 2,
  statusMessage: 'timed out',
  scope: { name: 'pg', version: '8' },
  attributes: ['__proto__', 'x', 'list', [1, 2], 'ok', true],
  events: [{ name: 'exception', time: 1_600_000, attributes: flat({ 'exception.type': 'E' }) }],
  links: [
    { traceId: traceId(9), spanId: spanId(8), traceState: '', attributes: flat({ why: 'batch' }) }
  ],
  logs: [{ time: 1_700_000, severity: 'warn', body: 'slow', attributes: [] }],
  droppedAttributes: 1,
  droppedEvents: 2,
  droppedLinks: 3
})

describe('spanDetail', () => {
  it('gives everything of a span, times in milliseconds', () => {
    expect(finish(spanDetail([record([span({ id: 1 }), rich])], spanId(2)))).toEqual({
      traceId: traceId(1),
      spanId: spanId(2),
      parentId: spanId(1),
      service: 'api',
      name: 'SELECT',
      kind: 'client',
      category: 'io',
      start: epochMs + 1.5,
      duration: 0.25,
      open: false,
      status: 'error',
      statusMessage: 'timed out',
      attributes: [
        ['__proto__', 'x'],
        ['list', [1, 2]],
        ['ok', true]
      ],
      resource: [['service.name', 'api']],
      scope: { name: 'pg', version: '8' },
      events: [{ time: epochMs + 1.6, name: 'exception', attributes: [['exception.type', 'E']] }],
      links: [{ traceId: traceId(9), spanId: spanId(8), attributes: [['why', 'batch']] }],
      logs: [{ time: epochMs + 1.7, severity: 'warn', body: 'slow', attributes: [] }],
      dropped: { attributes: 1, events: 2, links: 3 }
    })
  })

  it('gives the first of two spans with one id, as the tree shows it', () => {
    const records = [record([rich]), record([{ ...rich, name: 'second' }])]
    expect(finish(spanDetail(records, spanId(2)))?.name).toBe('SELECT')
  })

  it('gives no negative length, no parent of a root, and nothing of an unknown span', () => {
    const records = [record([span({ id: 1, duration: -5 })])]
    expect(finish(spanDetail(records, spanId(1)))).toMatchObject({ duration: 0, parentId: null })
    expect(finish(spanDetail(records, spanId(7)))).toBeUndefined()
    expect(finish(spanDetail([], spanId(1)))).toBeUndefined()
  })
})

describe('traceLogs', () => {
  it('puts the lines of all services in order of time', () => {
    const line = (time: number, body: string) => ({
      time,
      body,
      severity: 'info' as const,
      attributes: []
    })
    const lines = [
      record([span({ id: 1, logs: [line(1e6, 'a'), line(5e6, 'd')] })]),
      record([span({ id: 2, logs: [line(1e6, 'c'), line(1e6, 'c2')] })], {
        service: 'storage',
        epochMs: epochMs + 2
      }),
      record([span({ id: 1, logs: [line(0, 'of a span that came twice')] })])
    ]
    const logs = finish(traceLogs(lines))
    expect(logs.map(({ body, service, time }) => [body, service, time - epochMs])).toEqual([
      ['a', 'api', 1],
      ['c', 'storage', 3],
      ['c2', 'storage', 3],
      ['d', 'api', 5]
    ])
    expect(logs[0]).toEqual({
      spanId: spanId(1),
      service: 'api',
      time: epochMs + 1,
      severity: 'info',
      body: 'a',
      attributes: []
    })
  })
})
