import { describe, expect, it } from 'vitest'
import { belowServerHalves, serverHalfId } from '../../src/trace/shared-spans.ts'
import { record, span, spanId } from '../query/fixtures.ts'

const half = serverHalfId(spanId(1), 'back')
const served = record(
  [{ ...span({ id: 2, parent: 1, parentRemote: true, kind: 1 }), spanId: half }],
  { service: 'back', source: 'ingest' }
)
const child = record([span({ id: 3, parent: 1 })], { service: 'back', source: 'ingest' })
const client = record([span({ id: 1, kind: 2 }), span({ id: 4, parent: 1 })])

describe('records of a trace for readers who find a parent by its id', () => {
  const parents = (records: Iterable<ReturnType<typeof record>>): (string | undefined)[] =>
    [...records].flatMap(({ spans }) => spans.map(({ parentId }) => parentId))

  it('name the server’s half where it is the parent, in whatever order they come', () => {
    expect(parents(belowServerHalves([child, client, served]))).toEqual([
      half,
      undefined,
      spanId(1),
      spanId(1)
    ])
    expect(parents(belowServerHalves([served, child]))).toEqual([spanId(1), half])
  })

  it('are the very same where no span is shared', () => {
    const records = [client, child]
    expect([...belowServerHalves(records)].every((one, i) => one === records[i])).toBe(true)
    const own = { ...served, source: 'local' as const }
    expect([...belowServerHalves([own, child])][1]).toBe(child)
  })

  it('are not all held back where there are many: those that come too early stay as they are', () => {
    const many = record(
      Array.from({ length: 2001 }, (_, i) => span({ id: 100 + i })),
      { service: 'other', source: 'ingest' }
    )
    let asked = 0
    function* source(): Generator<ReturnType<typeof record>> {
      for (const one of [child, many, served, child]) {
        asked++
        yield one
      }
    }
    const given = belowServerHalves(source())
    expect(given.next().value).toBe(child)
    expect(asked).toBe(2)
    expect(parents(given).slice(2001)).toEqual([spanId(1), half])
  })
})
