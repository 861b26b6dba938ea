import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { createReport } from '../../src/base/report.ts'
import { createGuard } from '../../src/base/safely.ts'
import { contextStorage, rootContext } from '../../src/context/context.ts'
import { Runtime } from '../../src/runtime/runtime.ts'
import type { Span } from '../../src/span/span.ts'
import { OpenTraces } from '../../src/trace/open-traces.ts'
import { defaultLimits } from '../../src/base/limits.ts'
import { Tracer } from '../../src/span/tracer.ts'
import { openRedactor } from '../span/setup.ts'
import type { TraceRecord } from '../../src/base/span-data.ts'

const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

/** A recorder on the real clock with the runtime watched. */
function watched({ inFlight = (): number => 1, fails = false } = {}) {
  const report = createReport(() => {})
  const records: TraceRecord[] = []
  const attributes: unknown[][] = []
  const runtime = new Runtime({
    clock: systemClock,
    guard: createGuard('the test', report),
    inFlight: fails
      ? () => {
          throw new Error('it failed')
        }
      : inFlight,
    nameOf: (traceId) => `the trace ${traceId}`
  })
  const open = new OpenTraces({
    clock: systemClock,
    limits: defaultLimits,
    report,
    resource: { service: 'test', attributes: [] },
    redact: (record) => record,
    onRecord(record) {
      records.push(record)
      attributes.push([...(record.spans[0]?.attributes ?? [])])
    },
    onChange: () => {},
    onActivity: (span, now, ended) => runtime.note(span, now, ended)
  })
  const tracer = new Tracer({
    limits: defaultLimits,
    redactor: openRedactor,
    now: () => systemClock.now(),
    sampler: () => true,
    openTrace: (traceId, now, fresh) => open.open(traceId, now, fresh)
  })
  stops.push(() => {
    runtime.stop()
    open.close()
  })
  const request = () => tracer.start('GET', { kind: 1, named: true }) as Span
  const all = () => runtime.read(0, Number.MAX_SAFE_INTEGER)
  return { runtime, report, request, all, attributes, records }
}

function spin(ms: number) {
  for (const end = performance.now() + ms; performance.now() < end;);
}

describe('a runtime that is watched', () => {
  it('puts on a request for how long another kept the event loop, and which', async () => {
    const { request, attributes } = watched()
    const victim = request()
    await sleep(5)
    const culprit = request()
    spin(80)
    culprit.end()
    await sleep(5)
    victim.end()
    expect(attributes[0]).toEqual([])
    expect(attributes[1]).toEqual([
      'spanlight.blocked_ms',
      expect.any(Number),
      'spanlight.blocked_by.trace_id',
      culprit.trace.traceId,
      'spanlight.blocked_by.name',
      `the trace ${culprit.trace.traceId}`
    ])
  })

  it('knows of a block before the heartbeat does', () => {
    const { request, attributes } = watched()
    const victim = request()
    const culprit = request()
    spin(80)
    culprit.end()
    victim.end()
    expect(attributes[1]).toContain('spanlight.blocked_ms')
  })

  it('samples on while a request is in flight, and rests soon after', async () => {
    let flying = 1
    const { request, all } = watched({ inFlight: () => flying })
    const one = request()
    // Each is longer than a beat, which is due before it: a process that was kept waiting is late with both.
    for (let beats = 0; beats < 6; beats++) await sleep(25)
    one.end()
    flying = 0
    expect(all().samples.length).toBeGreaterThan(5)
    await sleep(900)
    const rested = all().samples.length
    await sleep(200)
    // Reading takes one sample, too.
    expect(all().samples.length).toBe(rested + 1)
  })

  it('keeps no context of the request that woke it', async () => {
    const { request } = watched()
    const contexts: unknown[] = []
    const real = globalThis.setTimeout
    globalThis.setTimeout = ((...args: Parameters<typeof real>) => {
      contexts.push(contextStorage.getStore())
      return real(...args)
    }) as typeof real
    try {
      contextStorage.run(rootContext.setValue(Symbol('mine'), 1), request)
    } finally {
      globalThis.setTimeout = real
    }
    expect(contexts).toEqual([rootContext])
  })

  it('does nothing any more once it was stopped, though spans still end', async () => {
    const { runtime, request, all } = watched()
    const one = request()
    runtime.stop()
    const before = all().samples.length
    await sleep(60)
    one.end()
    request()
    await sleep(60)
    expect(all().samples.length).toBe(before + 1)
  })

  it('never lets an error of its own into the recording of spans', () => {
    const { request, records, report } = watched({ fails: true })
    request().end()
    expect(records.length).toBe(1)
    expect(report.drops.get('internal error')).toBeGreaterThan(0)
  })
})
