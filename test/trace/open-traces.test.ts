import { describe, expect, it } from 'vitest'
import { rootContext } from '../../src/context/context.ts'
import type { Span } from '../../src/span/span.ts'
import { createRecorder } from '../span/setup.ts'

const names = (record: { spans: readonly { name: string }[] }) =>
  record.spans.map((span) => span.name)

describe('an open trace', () => {
  it('is handed on whole when its local root ends', () => {
    const { tracer, records, open } = createRecorder()
    const root = tracer.start('root') as Span
    tracer.start('child', {}, rootContext.withSpan(root)).end()
    expect(records).toEqual([])
    expect([...open.inFlight()].length).toBe(1)
    root.end()
    expect(records.map(names)).toEqual([['root', 'child']])
    expect(open.size).toBe(0)
  })

  it('hands a span that ends after the root on by itself', () => {
    const { tracer, records, open } = createRecorder()
    const root = tracer.start('root') as Span
    const late = tracer.start('late', {}, rootContext.withSpan(root))
    root.end()
    expect(records.map(names)).toEqual([['root']])
    expect([...open.inFlight()]).toEqual([])
    expect(open.get(root.trace.traceId)?.snapshot()?.spans.length).toBe(1)
    late.end()
    expect(records.map(names)).toEqual([['root'], ['late']])
    expect(records[1].traceId).toBe(records[0].traceId)
    expect(open.size).toBe(0)
  })

  it('takes a child that starts after everything has ended as a record of the same trace', () => {
    const { tracer, records } = createRecorder()
    const root = tracer.start('root') as Span
    root.end()
    tracer.start('after', {}, rootContext.withSpan(root)).end()
    expect(records.map(names)).toEqual([['root'], ['after']])
    expect(records[1].traceId).toBe(records[0].traceId)
  })

  it('shows what it knows while in flight, open spans with their duration so far', () => {
    const { tracer, open, pass } = createRecorder()
    const root = tracer.start('root') as Span
    pass(40)
    const record = open.get(root.trace.traceId)?.snapshot()
    expect(record?.spans[0]).toMatchObject({ name: 'root', open: true, duration: 40_000_000 })
  })

  it('keeps at most its limit of spans, counts the rest and says how many', () => {
    const { tracer, records, report } = createRecorder({ spansPerTrace: 10 })
    const root = tracer.start('root') as Span
    for (let i = 0; i < 25; i++) tracer.start(`child ${i}`, {}, rootContext.withSpan(root)).end()
    root.end()
    expect(records[0].spans.length).toBe(10)
    expect(records[0].droppedSpans).toBe(16)
    expect(report.drops.get('span limit of the trace')).toBe(16)
  })

  it('is given up after its time limit: its open spans end with an error that says so', () => {
    const { tracer, open, records, pass, report } = createRecorder({ openMs: 1000 })
    tracer.start('hangs')
    pass(1001)
    open.sweep()
    expect(report.drops.get('trace abandoned')).toBe(1)
    expect(records[0].spans[0]).toMatchObject({
      name: 'hangs',
      status: 2,
      statusMessage: 'abandoned: never ended'
    })
    expect(open.size).toBe(0)
  })

  it('is given up as one record, however many of its spans are open', () => {
    const { tracer, open, records, pass } = createRecorder({ openMs: 1000 })
    const root = tracer.start('root') as Span
    for (let i = 0; i < 3; i++) tracer.start(`child ${i}`, {}, rootContext.withSpan(root))
    pass(1001)
    open.sweep()
    expect(records.map(names)).toEqual([['root', 'child 0', 'child 1', 'child 2']])
  })

  it('stays past its time limit while its root says that it is alive', () => {
    const { tracer, open, records, pass } = createRecorder({ openMs: 1000 })
    const root = tracer.start('event stream') as Span
    let connected = true
    root.alive = () => connected
    pass(5000)
    open.sweep()
    expect([...open.inFlight()].length).toBe(1)
    connected = false
    open.sweep()
    expect(records.length).toBe(1)
  })

  it('makes room for a newer one when too many are open, the longest open first', () => {
    const { tracer, open, records, report } = createRecorder({ openTraces: 3 })
    for (let i = 0; i < 5; i++) tracer.start(`request ${i}`)
    expect(open.size).toBe(3)
    expect(records.map((record) => record.spans[0].name)).toEqual(['request 0', 'request 1'])
    expect(report.drops.get('trace abandoned')).toBe(2)
  })

  it('keeps an older one that says that it is alive when it makes room', () => {
    const { tracer, records } = createRecorder({ openTraces: 2 })
    const stream = tracer.start('event stream') as Span
    stream.alive = () => true
    tracer.start('request 1')
    tracer.start('request 2')
    expect(records.map((record) => record.spans[0].name)).toEqual(['request 1'])
  })

  it('lets its spans go once they are handed on', () => {
    const { tracer } = createRecorder()
    const root = tracer.start('root') as Span
    root.setAttribute('large', 'x')
    root.alive = () => true
    root.end()
    expect(root.attributes).toEqual([])
    expect(root.alive).toBeUndefined()
  })
})
