import { describe, expect, it } from 'vitest'
import type { Reader } from '../../src/query/types.ts'
import { LiveHub, type LiveSetup } from '../../src/serve/live.ts'
import type { Channel, Frame } from '../../src/serve/live-page.ts'
import type { Summary } from '../../src/wire/summary.ts'
import { Memory, silentReport } from './fixtures.ts'

/** A page whose network takes nothing, or everything. */
class FakeChannel implements Channel {
  readonly frames: Frame[] = []
  terminated = false
  waiting = 0
  most = 0
  readonly stalled: boolean

  constructor(stalled: boolean) {
    this.stalled = stalled
  }

  send(frame: Frame): void {
    this.frames.push(frame)
    if (!this.stalled) return
    this.waiting += frame.socket.length
    this.most = Math.max(this.most, this.waiting)
  }
  buffered(): number {
    return this.waiting
  }
  ping(): void {}
  close(): void {
    this.terminated = true
  }
  terminate(): void {
    this.terminated = true
  }
}

const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1))

function hubOf(limits: LiveSetup['limits'], changes: Partial<LiveSetup> = {}) {
  const memory = new Memory()
  const report = silentReport()
  const hub = new LiveHub({
    reader: memory.reader,
    store: memory.store,
    onInFlightChange: () => () => undefined,
    report,
    version: '1',
    bootId: 'boot',
    slowMs: 1000,
    limits: { tickMs: 1, ...limits },
    ...changes
  })
  const join = (stalled: boolean, query = ''): FakeChannel => {
    const channel = new FakeChannel(stalled)
    const page = hub.join(channel, true)
    if (query !== '') hub.filter(page, query)
    hub.since(page, 0)
    return channel
  }
  return { memory, report, hub, join }
}

/** A hub that counts how often it reads, and how many rows it puts into frames. */
function countingHubOf(limits: LiveSetup['limits'], readMs = 0) {
  const memory = new Memory()
  const seen = { reads: 0, encoded: 0 }
  const counted = (row: Summary): Summary =>
    Object.defineProperty({ ...row }, 'services', { get: () => (seen.encoded++, row.services) })
  const reader: Reader = {
    ...memory.reader,
    *changedSince(seq) {
      seen.reads++
      for (const end = performance.now() + readMs; performance.now() < end;);
      for (const { summary, fresh } of memory.reader.changedSince(seq))
        yield { summary: counted(summary), fresh }
    }
  }
  return { ...hubOf(limits, { reader, store: memory.store }), memory, seen }
}

const toldTo = ({ frames }: FakeChannel): number =>
  frames.reduce((sum, { message }) => sum + ('rows' in message ? message.rows.length : 0), 0)

const name = `GET /${'x'.repeat(2000)}`

describe('what waits for pages that read nothing', () => {
  it('is bounded for each', async () => {
    const pageBytes = 32 * 1024
    const { memory, join, report, hub } = hubOf({ pageBytes, slowMs: 1e9, rows: 4 })
    const stuck = [join(true), join(true, 'GET')]
    const healthy = join(false)
    for (let i = 0; i < 200; i++) {
      memory.add({ name })
      await tick()
    }
    for (const { most, terminated } of stuck) {
      expect(most).toBeLessThanOrEqual(pageBytes)
      expect(most).toBeGreaterThan(pageBytes / 2)
      expect(terminated).toBe(false)
    }
    expect(report.drops.get('slow page')).toBeGreaterThan(100)
    while (toldTo(healthy) < 200) await tick()
    expect(healthy.frames.some(({ message }) => message.type === 'gap')).toBe(false)
    hub.close(1001, '')
  })

  it('is bounded for all together', async () => {
    const totalBytes = 64 * 1024
    const { memory, join, hub } = hubOf({ totalBytes, pageBytes: 60 * 1024, slowMs: 1e9, rows: 4 })
    const stuck = Array.from({ length: 10 }, (_, i) => join(true, name.slice(0, 5 + i)))
    const healthy = join(false)
    for (let i = 0; i < 200; i++) {
      memory.add({ name })
      await tick()
    }
    const waiting = stuck.reduce((sum, channel) => sum + channel.waiting, 0)
    expect(waiting).toBeLessThanOrEqual(totalBytes)
    // Whose own network is free is not made to pay for the others.
    expect(healthy.frames.some(({ message }) => message.type === 'gap')).toBe(false)
    hub.close(1001, '')
  })

  it('is told of to a page that reads again, by how many it missed', async () => {
    const { memory, join, hub } = hubOf({ pageBytes: 16 * 1024, slowMs: 1e9, rows: 4 })
    const slow = join(true)
    for (let i = 0; i < 20; i++) {
      memory.add({ name })
      await tick()
    }
    slow.waiting = 0
    const told = slow.frames.length
    memory.add({ name })
    while (slow.frames.length < told + 2) await tick()
    const [gap, next] = slow.frames.slice(told).map(({ message }) => message)
    expect(gap).toMatchObject({ type: 'gap' })
    expect(next.type).toBe('traces')
    const rows = slow.frames.flatMap(({ message }) =>
      message.type === 'traces' ? message.rows : []
    )
    if (gap.type === 'gap') expect(gap.count + rows.length).toBe(21)
    hub.close(1001, '')
  })

  it('is let go of after a while', async () => {
    const { memory, join, hub } = hubOf({ pageBytes: 16 * 1024, slowMs: 50, rows: 4 })
    const slow = join(true)
    while (!slow.terminated) {
      memory.add({ name })
      await tick()
    }
    expect(hub.pages).toBe(0)
  })
})

describe('a frame', () => {
  it('is one and the same for all pages that are up to date', async () => {
    const { memory, join, hub } = hubOf({})
    const pages = [join(false), join(false), join(false, 'GET')]
    const count = (channel: FakeChannel): number =>
      channel.frames.filter(({ message }) => message.type === 'traces').length
    while (pages.some((channel) => count(channel) === 0)) await tick()
    memory.add()
    while (
      !pages.every(({ frames }) =>
        frames.some(({ message }) => 'rows' in message && message.rows.length === 1)
      )
    )
      await tick()
    const withRow = pages.map(({ frames }) =>
      frames.find(({ message }) => 'rows' in message && message.rows.length === 1)
    )
    expect(withRow[0]).toBe(withRow[1])
    expect(withRow[2]).not.toBe(withRow[0])
    expect(withRow[0]?.socket).toBe(withRow[1]?.socket)
    hub.close(1001, '')
  })

  it('is made once for pages that come together, until they have caught up', async () => {
    const { memory, join, hub, seen } = countingHubOf({ rows: 10, readMs: 1e6 })
    for (let i = 0; i < 40; i++) memory.add()
    const pages = Array.from({ length: 20 }, () => join(false))
    while (pages.some((page) => toldTo(page) < 40)) await tick()
    expect(pages.map(toldTo)).toEqual(pages.map(() => 40))
    expect(seen).toEqual({ reads: 4, encoded: 40 })
    hub.close(1001, '')
  })

  it.each([
    ['a page', ''],
    ['a page with a filter', 'GET']
  ])(
    'is neither made nor read for %s that has stopped reading, beside one that reads',
    async (_who, query) => {
      const limits = { pageBytes: 16 * 1024, slowMs: 1e9 }
      const { memory, join, hub, report, seen } = countingHubOf(limits)
      const [stuck, healthy] = [join(true, query), join(false)]
      const missed = (): number => report.drops.get('slow page') ?? 0
      const add = async (): Promise<void> => {
        memory.add({ name })
        while (toldTo(healthy) < memory.newest) await tick()
      }
      while (missed() === 0) await add()
      const told = stuck.frames.length
      const { reads, encoded } = seen
      for (let i = 0; i < 10; i++) await add()
      expect(seen).toEqual({ reads: reads + 10, encoded: encoded + 10 })
      expect(stuck.frames).toHaveLength(told)
      stuck.waiting = 0
      const count = missed()
      await add()
      expect(stuck.frames[told]?.message).toEqual({ type: 'gap', count })
      expect(missed() + toldTo(stuck)).toBe(memory.newest)
      hub.close(1001, '')
    }
  )

  it('holds no more than there is time to read, and the rest comes in the next ones', async () => {
    const memory = new Memory()
    const reader: Reader = {
      ...memory.reader,
      *changedSince(seq) {
        for (const change of memory.reader.changedSince(seq)) {
          for (const end = performance.now() + 2; performance.now() < end;);
          yield change
        }
      }
    }
    const { join, hub } = hubOf({ readMs: 5 }, { reader, store: memory.store })
    for (let i = 0; i < 20; i++) memory.add()
    const page = join(false)
    while (toldTo(page) < 20) await tick()
    const rows = page.frames.map(({ message }) => ('rows' in message ? message.rows.length : 0))
    expect(Math.max(...rows)).toBeLessThanOrEqual(3)
    hub.close(1001, '')
  })

  it('comes to a page with a filter even where there is no time left for it', async () => {
    const { memory, join, hub } = countingHubOf({ readMs: 1 }, 3)
    const pages = [join(false), join(false, 'GET'), join(false, 'GET /')]
    while (pages.some((page) => toldTo(page) < 20)) {
      memory.add()
      await tick()
    }
    hub.close(1001, '')
  })

  it('is neither made nor read for when the last page has left', async () => {
    const { memory, hub, seen } = countingHubOf({})
    const page = hub.join(new FakeChannel(false), true)
    hub.since(page, 0)
    memory.add()
    hub.leave(page)
    memory.add()
    for (let i = 0; i < 10; i++) await tick()
    expect(seen).toEqual({ reads: 0, encoded: 0 })
  })
})

describe('a failure while telling', () => {
  it('ends the pages when it comes again and again, and lets no new one in', async () => {
    const memory = new Memory()
    const reader = {
      ...memory.reader,
      changedSince(): never {
        throw new Error('broken')
      }
    }
    const { join, hub, report } = hubOf({}, { reader, store: memory.store })
    const page = join(false)
    while (!page.terminated) {
      memory.add()
      await tick()
    }
    expect(hub.pages).toBe(0)
    expect(hub.open).toBe(false)
    expect(report.drops.get('internal error')).toBe(10)
  })
})
