import { type TracingChannel, tracingChannel } from 'node:diagnostics_channel'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { activeContext, contextStorage, rootContext, runIn } from '../../src/context/context.ts'
import { type Begin, followChannel } from '../../src/watch/tracing-channel.ts'
import { type Recorder, record } from './setup.ts'

interface Message {
  name: string
  result?: unknown
  error?: unknown
}

interface Told {
  begun: string[]
  succeeded: unknown[]
  failed: unknown[]
  pending: number
}

let recorder: Recorder
let channel: TracingChannel<unknown, Message>
let told: Told
let undo: (() => void)[]
let names = 0

const begin: Begin<Message> = ({ name }) => {
  told.begun.push(name)
  return {
    pending: () => void told.pending++,
    succeed: (result) => void told.succeeded.push(result),
    fail: (error) => void told.failed.push(error)
  }
}

function follow(how: Begin<Message> = begin): void {
  const stop = followChannel(recorder.setup, `test-${names}`, how)
  if (stop !== undefined) undo.push(stop)
}

beforeEach(() => {
  recorder = record()
  told = { begun: [], succeeded: [], failed: [], pending: 0 }
  undo = []
  channel = tracingChannel(`test-${++names}`)
})

afterEach(() => {
  for (const stop of undo) stop()
  recorder.close()
})

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('a call that is done when it returns is told of once, with what came of it', () => {
  follow()
  expect(channel.traceSync(() => 7, { name: 'a' })).toBe(7)
  expect(channel.traceSync(() => undefined, { name: 'b' })).toBeUndefined()
  const thrown = new Error('no')
  expect(() =>
    channel.traceSync(
      () => {
        throw thrown
      },
      { name: 'c' }
    )
  ).toThrow(thrown)
  expect(told).toEqual({
    begun: ['a', 'b', 'c'],
    succeeded: [7, undefined],
    failed: [thrown],
    pending: 0
  })
})

test('a promise is told of when it is settled, and first that it is pending', async () => {
  follow()
  const result = channel.tracePromise(async () => 7, { name: 'a' })
  expect(told).toEqual({ begun: ['a'], succeeded: [], failed: [], pending: 1 })
  expect(await result).toBe(7)
  await expect(
    channel.tracePromise(() => Promise.reject(undefined), { name: 'b' })
  ).rejects.toBeUndefined()
  const thrown = new Error('at once')
  const throws = (): Promise<never> => {
    throw thrown
  }
  expect(() => channel.tracePromise(throws, { name: 'c' })).toThrow(thrown)
  await tick()
  expect(told).toEqual({
    begun: ['a', 'b', 'c'],
    succeeded: [7],
    failed: [undefined, thrown],
    pending: 2
  })
})

type Callback = (error: unknown, result?: unknown) => void

test('a callback is told of before it is called, however soon', async () => {
  follow()
  const seen: unknown[] = []
  const ask = (work: (callback: Callback) => void, name: string): void => {
    const callback: Callback = () => void seen.push(told.succeeded.length + told.failed.length)
    channel.traceCallback(work, 0, { name }, undefined, callback)
  }
  ask((callback) => callback(null, 1), 'now')
  ask((callback) => callback(new Error('no')), 'failed')
  ask((callback) => setImmediate(callback, null, 2), 'later')
  await tick()
  expect(seen).toEqual([1, 2, 3])
  expect(told).toMatchObject({ succeeded: [1, 2], failed: [new Error('no')], pending: 1 })
})

test('the work runs in the context that the call gives, and its caller does not', async () => {
  const inner = rootContext.setValue(Symbol('inner'), 1)
  follow(() => ({ context: inner, succeed() {}, fail() {} }))
  const outer = rootContext.setValue(Symbol('outer'), 1)
  await runIn(outer, async () => {
    const seen = channel.traceSync(() => activeContext(), { name: 'a' })
    expect(seen).toBe(inner)
    expect(activeContext()).toBe(outer)
    await channel.tracePromise(() => Promise.resolve(1), { name: 'a' })
    expect(activeContext()).toBe(outer)
  })
})

test.each([
  ['is recorded', begin],
  ['is not recorded', () => undefined]
])('what %s is called back in the context of its caller', async (_title, how) => {
  follow(how)
  const waiting: Callback[] = []
  const queue = (callback: Callback): unknown => waiting.push(callback)
  const caller = rootContext.setValue(Symbol('caller'), 1)
  const seen: unknown[] = []
  const ask = (): unknown =>
    channel.traceCallback(queue as never, 0, { name: 'a' }, undefined, (() =>
      seen.push(contextStorage.getStore())) as never)
  runIn(caller, ask)
  ask()
  runIn(rootContext.setValue(Symbol('other'), 1), () => {
    for (const callback of waiting) callback(null)
  })
  expect(seen).toEqual([caller, undefined])
})

test('what is not recorded runs as it would without us, without a context too', () => {
  follow(() => undefined)
  const store = (): unknown => channel.traceSync(() => contextStorage.getStore(), { name: 'a' })
  expect(store()).toBeUndefined()
  const context = rootContext.setValue(Symbol('x'), 1)
  expect(runIn(context, store)).toBe(context)
})

test('an error of ours is counted, and neither the call nor its context know of it', async () => {
  const fails = (): never => {
    throw new Error('ours')
  }
  const uncaught = vi.fn()
  process.on('uncaughtException', uncaught)
  follow(fails)
  const context = rootContext.setValue(Symbol('x'), 1)
  const work = (): unknown => channel.traceSync(() => contextStorage.getStore(), { name: 'a' })
  expect(runIn(context, work)).toBe(context)
  expect(work()).toBeUndefined()
  for (const stop of undo.splice(0)) stop()
  follow(() => ({ succeed: fails, fail: fails, pending: fails }))
  expect(channel.traceSync(() => 1, { name: 'a' })).toBe(1)
  await channel.tracePromise(async () => 1, { name: 'b' })
  // Whoever else publishes there may say anything.
  for (const odd of [undefined, 1, 'x', null]) {
    channel.start.runStores(odd as never, () => {})
    channel.end.publish(odd as never)
    channel.asyncStart.runStores(odd as never, () => {})
    channel.error.publish(odd as never)
  }
  await tick()
  process.off('uncaughtException', uncaught)
  expect(uncaught).not.toHaveBeenCalled()
  // Ours alone: what others say wrongly must not switch us off.
  expect(recorder.setup.report.drops.get('internal error')).toBe(5)
  expect(recorder.setup.guard.on).toBe(true)
})

test('others on the same channel hear what they heard', async () => {
  const heard: string[] = []
  const others = [1, 2].map((at) => ({
    start: ({ name }: Message) => void heard.push(`${at} start ${name}`),
    asyncEnd: ({ result }: Message) => void heard.push(`${at} end ${String(result)}`)
  }))
  channel.subscribe(others[0] as never)
  follow()
  channel.subscribe(others[1] as never)
  await channel.tracePromise(async () => 5, { name: 'a' })
  expect(heard).toEqual(['1 start a', '2 start a', '1 end 5', '2 end 5'])
  expect(told.succeeded).toEqual([5])
  for (const other of others) channel.unsubscribe(other as never)
})

test('a second copy stays away while the first one follows, and nobody listens after both', () => {
  follow()
  follow()
  channel.traceSync(() => 1, { name: 'a' })
  expect([undo.length, told.succeeded]).toEqual([1, [1]])
  for (const stop of undo.splice(0)) stop()
  channel.traceSync(() => 1, { name: 'b' })
  expect(told.begun).toEqual(['a'])
  expect(channel.hasSubscribers).toBe(false)
  follow()
  channel.traceSync(() => 1, { name: 'c' })
  expect(told.begun).toEqual(['a', 'c'])
})
