import { describe, expect, it } from 'vitest'
import { byTrace } from '../../src/trace/by-trace.ts'
import { record, span, traceId } from '../query/fixtures.ts'

const of = (trace: number) => record([span({ id: 1 })], { traceId: traceId(trace) })

describe('byTrace', () => {
  it('takes apart what comes trace by trace, while it comes', () => {
    const read: number[] = []
    function* source() {
      for (const trace of [1, 1, 2, 3, 3]) {
        read.push(trace)
        yield of(trace)
      }
    }
    const groups: number[][] = []
    for (const records of byTrace(source())) {
      const group: number[] = []
      for (const one of records) group.push(Number(one.traceId))
      groups.push(group)
      // One ahead, to know where a trace ends.
      expect(read.length).toBeLessThanOrEqual(groups.flat().length + 1)
    }
    expect(groups).toEqual([[1, 1], [2], [3, 3]])
  })

  it('is empty for nothing', () => {
    expect([...byTrace([])]).toEqual([])
  })
})
