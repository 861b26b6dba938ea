import { describe, expect, it } from 'vitest'
import { Activity } from '../../src/runtime/activity.ts'
import type { Note } from '../../src/runtime/evidence.ts'
import type { Span } from '../../src/span/span.ts'
import { createRecorder } from '../span/setup.ts'

/** Time that passes as it is told: idle, on the CPU, or busy without the CPU. */
function watched() {
  let now = 0
  let idle = 0
  let cpu = 0
  let flying = 1
  const activity = new Activity({
    clock: { now: () => now, anchor: () => 0 },
    inFlight: () => flying,
    meter() {
      const reading = { idle, cpu }
      idle = cpu = 0
      return reading
    }
  })
  const pass = {
    idle: (ms: number) => void ((now += ms), (idle += ms)),
    work: (ms: number) => void ((now += ms), (cpu += ms)),
    stand: (ms: number) => void (now += ms)
  }
  return {
    pass,
    activity,
    fly: (count: number) => (flying = count),
    get now() {
      return now
    },
    /** `before`: the last note, `after`: the one that is made now. */
    look: (due: number, before?: Note & { at: number }, after?: Note) =>
      activity.look(now, due, before, after),
    blocks: () => [...activity.blocks.backwards(-1, Infinity)].reverse(),
    samples: () => activity.samples.between(-1, Infinity).samples
  }
}

const { tracer } = createRecorder()
const request = () => tracer.start('GET', { kind: 1 }) as Span

describe('a heartbeat that is late', () => {
  it('saw a block that begins where the idle time ended', () => {
    const { pass, look, blocks } = watched()
    pass.idle(15)
    pass.work(200)
    look(20)
    expect(blocks()).toMatchObject([{ from: 15, to: 215, kind: 'cpu', certain: false }])
    expect(blocks()[0].traceId).toBeUndefined()
  })

  it('gives the block to the request that began right before it', () => {
    const { pass, look, blocks } = watched()
    const span = request()
    pass.idle(15)
    pass.work(100)
    look(20, { span, ended: false, at: 15 })
    expect(blocks()).toMatchObject([{ from: 15, traceId: span.trace.traceId, certain: false }])
  })

  it('gives it to nobody when the last note is too long ago', () => {
    const { pass, look, blocks } = watched()
    pass.idle(15)
    pass.work(100)
    look(20, { span: request(), ended: false, at: 2 })
    expect(blocks()).toMatchObject([{ from: 15, to: 115, traceId: undefined }])
  })

  it('tells a synchronous call from work', () => {
    const { pass, look, blocks } = watched()
    pass.stand(300)
    look(20)
    expect(blocks()).toMatchObject([{ from: 0, to: 300, kind: 'sync' }])
  })

  it('takes a process that did not run for no block', () => {
    const { pass, look, blocks } = watched()
    pass.idle(600)
    look(20, { span: request(), ended: false, at: 0 })
    expect(blocks()).toMatchObject([{ from: 20, to: 600, kind: 'stopped', traceId: undefined }])
  })

  it('is not late by what a loaded machine makes it', () => {
    const { pass, look, blocks } = watched()
    pass.idle(50)
    look(20)
    expect(blocks()).toEqual([])
  })
})

describe('a silence between two notes', () => {
  it('is the work of a request that stands on both sides', () => {
    const { pass, look, blocks } = watched()
    const span = request()
    pass.work(8)
    look(20, { span, ended: false, at: 0 }, { span, ended: true })
    expect(blocks()).toMatchObject([
      { from: 0, to: 8, traceId: span.trace.traceId, spanId: span.spanId, certain: true }
    ])
  })

  it('is no work when the process was idle in it', () => {
    const { pass, look, blocks, samples } = watched()
    const span = request()
    pass.work(2)
    pass.idle(8)
    look(20, { span, ended: false, at: 0 }, { span, ended: true })
    expect(blocks()).toEqual([])
    expect(samples()).toMatchObject([{ to: 10, busy: 2 }])
  })

  it('begins at the last note, however long the loop has not turned', () => {
    const { pass, look, blocks, samples } = watched()
    const [first, second] = [request(), request()]
    pass.work(30)
    const at = 30
    pass.work(10)
    look(20, { span: first, ended: true, at }, { span: second, ended: false })
    expect(blocks()).toMatchObject([{ from: 30, to: 40 }])
    expect(samples()).toMatchObject([{ to: 40, busy: 30, delay: 20 }])
  })
})

describe('a sample', () => {
  it('counts the requests that were in flight when it began, too', () => {
    const { pass, look, fly, samples } = watched()
    fly(3)
    pass.idle(20)
    look(20)
    fly(1)
    pass.idle(20)
    look(40)
    pass.idle(20)
    look(60)
    expect(samples().map(({ inFlight }) => inFlight)).toEqual([3, 3, 1])
  })

  it('holds no more work than time', () => {
    const { pass, look, samples } = watched()
    pass.idle(-3)
    pass.work(10)
    look(20)
    expect(samples()[0].busy).toBeLessThanOrEqual(7)
  })
})
