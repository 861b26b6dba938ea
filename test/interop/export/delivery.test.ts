import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createReport } from '../../../src/base/report.ts'
import { Deliveries } from '../../../src/interop/export/delivery.ts'
import type { Delivery, ExportRequest } from '../../../src/interop/export/destination.ts'
import { Health } from '../../../src/interop/export/health.ts'
import type { Batch } from '../../../src/interop/export/queue.ts'
import { destination, traceOf } from './collector.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => void vi.useRealTimers())

/** A destination that fails until it is said to work, and when it was tried. */
function failing(answer: () => Delivery, giveUpMs = 300_000) {
  const tries: number[] = []
  const lines: string[] = []
  const report = createReport((line) => void lines.push(line))
  const deliveries = new Deliveries({
    destination: destination('http://c/', { compression: 'none' }),
    transport: {
      request: (body) =>
        ({ method: 'POST', url: new URL('http://c/'), headers: {}, body }) satisfies ExportRequest,
      send: async () => {
        tries.push(performance.now())
        return answer()
      },
      close: () => {}
    },
    health: new Health('http://c/', report),
    retryMs: 1000,
    giveUpMs,
    signal: new AbortController().signal
  })
  const record = traceOf(1)
  const batch: Batch = { pieces: [{ record, spans: 1, weight: 400 }], spans: 1, weight: 400 }
  const pauses = () => tries.slice(1).map((at, i) => at - tries[i])
  return { delivered: deliveries.deliver(batch), tries, pauses, lines: () => lines }
}

describe('a batch that does not arrive', () => {
  it('is tried again after a second, then ever later, but never later than five', async () => {
    const outage = failing(() => ({ outcome: 'retry', why: 'ECONNREFUSED' }))
    await vi.advanceTimersByTimeAsync(120_000)
    const [first] = outage.pauses()
    expect(first).toBeGreaterThanOrEqual(750)
    expect(first).toBeLessThanOrEqual(1250)
    expect(Math.max(...outage.pauses())).toBeLessThanOrEqual(5000)
    expect(Math.min(...outage.pauses().slice(3))).toBeGreaterThanOrEqual(3000)
    expect(new Set(outage.pauses()).size).toBeGreaterThan(outage.pauses().length / 2)
  })

  it('arrives within five seconds once the outage is over, however long that was', async () => {
    let well = false
    const outage = failing(() => ({ outcome: well ? 'sent' : 'retry', why: 'x' }))
    await vi.advanceTimersByTimeAsync(20_000)
    well = true
    await vi.advanceTimersByTimeAsync(5000)
    expect((await outage.delivered).outcome).toBe('sent')
  })

  it('is given up after five minutes', async () => {
    const outage = failing(() => ({ outcome: 'retry', why: 'x' }))
    await vi.advanceTimersByTimeAsync(306_000)
    expect((await outage.delivered).outcome).toBe('retry')
    expect(outage.tries.at(-1)).toBeGreaterThan(outage.tries[0] + 300_000)
  })

  it('waits as it was asked to, but no longer than a minute', async () => {
    const outage = failing(() => ({ outcome: 'retry', why: 'x', retryAfterMs: 3_600_000 }))
    await vi.advanceTimersByTimeAsync(130_000)
    expect(outage.pauses()).toEqual([60_000, 60_000])
  })

  it.each([0, 1, 500])('pauses, even where it is asked for after %d ms', async (retryAfterMs) => {
    const outage = failing(() => ({ outcome: 'retry', why: 'x', retryAfterMs }))
    await vi.advanceTimersByTimeAsync(60_000)
    expect(Math.min(...outage.pauses())).toBeGreaterThanOrEqual(750)
    expect(outage.tries.length).toBeGreaterThan(5)
  })

  it('is tried again when it cannot be sent at all', async () => {
    let throws = true
    const outage = failing(() => {
      if (throws) throw new Error('http.request is broken')
      return { outcome: 'sent', why: 'x' }
    })
    await vi.advanceTimersByTimeAsync(0)
    throws = false
    await vi.advanceTimersByTimeAsync(1250)
    expect((await outage.delivered).outcome).toBe('sent')
    expect(outage.lines()).toEqual([
      'spanlight: export to http://c/ fails (http.request is broken); it is tried again\n'
    ])
  })

  it('is sent at once when only the connection was stale, and pauses when the next is, too', async () => {
    const outage = failing(() => ({ outcome: 'stale', why: 'ECONNRESET' }))
    await vi.advanceTimersByTimeAsync(0)
    expect(outage.tries).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(2000)
    expect(outage.tries).toHaveLength(4)
  })
})
