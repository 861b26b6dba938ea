import { afterEach, describe, expect, it } from 'vitest'
import { createReport } from '../../src/base/report.ts'
import { createGuard } from '../../src/base/safely.ts'
import type { CpuProfile } from '../../src/inspect/cpu-profile.ts'
import { Profiler } from '../../src/inspect/profiler.ts'

const report = createReport(() => {})
const profiler = new Profiler(createGuard('a test', report), report)
afterEach(() => profiler.stop())

const found = (n: number): { traceId: string; spanId: string; name: string } => ({
  traceId: `trace ${n}`,
  spanId: 'span',
  name: 'GET /busy'
})

/** By its name it is looked for in the profile. So long on the processor, which a loaded machine gives to others most of the time. */
function spinTheWheel(ms: number): void {
  const end = process.cpuUsage().user + ms * 1000
  while (process.cpuUsage().user < end) for (let i = 0; i < 10_000; i++) Math.sqrt(Math.random())
}

/** A request of that many milliseconds that the profiler is there for. */
function request(n: number, ms = 1): void {
  profiler.start()
  const end = profiler.begin()
  spinTheWheel(ms)
  end?.(found(n))
}

describe('the profiler', () => {
  it('tells which function kept the processor, and of the request alone', () => {
    profiler.start()
    function waitBefore(ms: number): void {
      const until = performance.now() + ms
      while (performance.now() < until) Math.cbrt(Math.random())
    }
    waitBefore(60)
    const end = profiler.begin()
    spinTheWheel(60)
    end?.(found(1))
    const profile = JSON.parse(profiler.of('trace 1') ?? '') as CpuProfile
    const ids = profile.nodes
      .filter(({ callFrame }) => callFrame?.functionName === 'spinTheWheel')
      .map(({ id }) => id)
    const inside = profile.samples.filter((id) => ids.includes(id)).length
    // Some are in what it calls.
    expect(inside).toBeGreaterThan(profile.samples.length / 8)
    expect(profile.nodes.map(({ callFrame }) => callFrame?.functionName)).not.toContain(
      'waitBefore'
    )
    expect(profile.samples.length).toBe(profile.timeDeltas.length)
    expect(profiler.profiles.at(-1)).toMatchObject({ ...found(1), time: expect.any(Number) })
  })

  it('is there for one request at a time, and only when somebody asked', () => {
    expect(profiler.begin()).toBeUndefined()
    profiler.start()
    const first = profiler.begin()
    expect(first).toBeTypeOf('function')
    expect(profiler.begin()).toBeUndefined()
    // Not the one that was meant: it goes on waiting.
    first?.(undefined)
    const second = profiler.begin()
    second?.(found(2))
    expect(profiler.of('trace 2')).toBeDefined()
    expect(profiler.begin()).toBeUndefined()
    first?.(found(3))
    expect(profiler.of('trace 3')).toBeUndefined()
  })

  it('keeps the newest five', () => {
    for (let n = 10; n < 16; n++) request(n)
    expect(profiler.profiles.map(({ traceId }) => traceId)).toEqual(
      [11, 12, 13, 14, 15].map((n) => `trace ${n}`)
    )
    expect(profiler.of('trace 10')).toBeUndefined()
  })

  it('keeps nothing of a request that still runs when it is stopped', () => {
    profiler.start()
    const end = profiler.begin()
    profiler.stop()
    end?.(found(20))
    expect(profiler.of('trace 20')).toBeUndefined()
  })
})
