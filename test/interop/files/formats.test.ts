import { describe, expect, it } from 'vitest'
import { fileFormats } from '../../../src/file-formats.ts'
import type { TraceRecord } from '../../../src/base/span-data.ts'
import { traceColumns } from '../../../src/query/columns.ts'
import { mergeSummary, summarise } from '../../../src/trace/summary.ts'
import { takeIn, traceIdOf } from './setup.ts'

const at = 1_700_000_000_000_000
const ids = ['1', '2', '3'].map((digit) => digit.repeat(16))

/** Three spans of two services, as each format has them. */
const files: Readonly<Record<string, unknown>> = {
  otlp: {
    resourceSpans: [
      ['shop', [0, 1]],
      ['stock', [2]]
    ].map(([service, spans]) => ({
      resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] },
      scopeSpans: [
        {
          scope: { name: 'test' },
          spans: (spans as number[]).map((i) => ({
            traceId: traceIdOf(7),
            spanId: ids[i],
            ...(i > 0 && { parentSpanId: ids[i - 1] }),
            name: `span ${i}`,
            kind: [2, 3, 2][i],
            startTimeUnixNano: `${at + i * 1000}000`,
            endTimeUnixNano: `${at + 10_000 - i * 1000}000`
          }))
        }
      ]
    }))
  },
  jaeger: {
    data: [
      {
        traceID: traceIdOf(7),
        spans: ids.map((spanID, i) => ({
          traceID: traceIdOf(7),
          spanID,
          processID: i < 2 ? 'p1' : 'p2',
          operationName: `span ${i}`,
          references:
            i === 0 ? [] : [{ refType: 'CHILD_OF', traceID: traceIdOf(7), spanID: ids[i - 1] }],
          startTime: at + i * 1000,
          duration: 10_000 - i * 2000,
          tags: [{ key: 'span.kind', type: 'string', value: ['server', 'client', 'server'][i] }],
          logs: []
        })),
        processes: {
          p1: { serviceName: 'shop', tags: [] },
          p2: { serviceName: 'stock', tags: [] }
        }
      }
    ]
  },
  zipkin: ids.map((id, i) => ({
    traceId: traceIdOf(7),
    id,
    ...(i > 0 && { parentId: ids[i - 1] }),
    name: `span ${i}`,
    kind: ['SERVER', 'CLIENT', 'SERVER'][i],
    timestamp: at + i * 1000,
    duration: 10_000 - i * 2000,
    localEndpoint: { serviceName: i < 2 ? 'shop' : 'stock' }
  }))
}

/** A trace as the page draws it. */
function columnsOf(records: readonly TraceRecord[]): object {
  const { traceId } = records[0] as TraceRecord
  const entries = records.map((record, i) => ({
    ...summarise(record),
    seq: i + 1,
    kept: '' as const
  }))
  const work = traceColumns(records, mergeSummary(traceId, entries, false))
  for (;;) {
    const { done, value } = work.next()
    if (done === true) return value as object
  }
}

const formats = Object.keys(files)

describe.each(formats)('a file of %s', (format) => {
  it('gives its trace', async () => {
    const result = await takeIn(JSON.stringify(files[format]))
    expect(result).toMatchObject({ traces: 1, spans: 3, problems: [], ids: [traceIdOf(7)] })
    expect(columnsOf(result.kept)).toMatchObject({
      services: ['shop', 'stock'],
      names: ['span 0', 'span 1', 'span 2'],
      extent: 10_000,
      spans: { id: ids, start: [0, 1000, 2000], duration: [10_000, 8000, 6000], kind: [1, 2, 1] }
    })
  })

  it('shows the same trace after it was written as any other format and read again', async () => {
    const { kept } = await takeIn(JSON.stringify(files[format]))
    // A diagram is to look at.
    for (const other of Object.keys(fileFormats).filter((name) => name !== 'mermaid')) {
      const text = [...(fileFormats[other]?.write(kept, { ids: [], left: 0 }) ?? [])].join('')
      const again = await takeIn(text)
      expect(again.problems).toEqual([])
      expect(columnsOf(again.kept)).toEqual(columnsOf(kept))
    }
  })

  it('loses no more than the span that is broken', async () => {
    const text = JSON.stringify(files[format], null, 1).replace('"span 1"', 'span 1')
    const { names, problems } = await takeIn(text)
    expect(names).toEqual(['span 0', 'span 2'])
    expect(problems).toEqual([
      {
        line: expect.any(Number) as number,
        column: expect.any(Number) as number,
        why: 'this is not JSON'
      }
    ])
    const rows = text.split('\n')
    const line = problems[0]?.line ?? 0
    expect(rows[line - 1]?.trim()).toBe('{')
    expect(rows.slice(line, line + 7).join('')).toContain('span 1')
  })

  it('names the line of a span that lacks its id', async () => {
    const text = JSON.stringify(files[format], null, 1).replaceAll(
      `"${ids[2] as string}"`,
      '"no id"'
    )
    const { names, problems } = await takeIn(text)
    expect(names).toEqual(['span 0', 'span 1'])
    expect(problems).toEqual([
      {
        line: text.slice(0, text.indexOf('"no id"')).split('\n').length - 2,
        column: expect.any(Number) as number,
        why: expect.stringMatching(/^1 without a valid/) as string
      }
    ])
  })

  it('that was cut off gives the spans that are whole', async () => {
    const text = JSON.stringify(files[format])
    const { names, problems } = await takeIn(text.slice(0, text.indexOf('span 1')))
    expect(names).toEqual(['span 0'])
    expect(problems).toHaveLength(1)
  })
})

describe('trace events', () => {
  const events = [1, 2, 3].map((n) => ({
    ph: 'X',
    name: `span ${n}`,
    pid: 1,
    tid: 1,
    ts: n * 1000,
    dur: 500
  }))

  it('are read in an object, in a list, and in a list that Chrome left open', async () => {
    const list = JSON.stringify(events, null, 1)
    const open = list.slice(0, -2)
    for (const text of [JSON.stringify({ displayTimeUnit: 'ms', traceEvents: events }), list, open])
      expect(await takeIn(text)).toMatchObject({
        traces: 1,
        problems: [],
        names: ['span 1', 'span 2', 'span 3']
      })
  })

  it('lose no more than the one that is broken', async () => {
    const text = JSON.stringify({ traceEvents: events }, null, 1).replace('"span 2"', 'span 2')
    expect(await takeIn(text)).toMatchObject({
      names: ['span 1', 'span 3'],
      problems: [{ line: 11, column: 3, why: 'this is not JSON' }]
    })
  })
})

describe('other spellings', () => {
  const jaeger = files['jaeger'] as { data: [object] }

  it.each([
    ['a trace of Jaeger alone', jaeger.data[0]],
    ['a list of traces of Jaeger', jaeger.data],
    ['a list of traces of Zipkin', [files['zipkin']]]
  ])('%s is read', async (_, file) => {
    const result = await takeIn(JSON.stringify(file))
    expect(result).toMatchObject({ traces: 1, spans: 3, problems: [] })
    expect(columnsOf(result.kept)).toMatchObject({ services: ['shop', 'stock'] })
  })
})
