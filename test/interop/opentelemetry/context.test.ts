import { EventEmitter } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { activeContext, hasContext } from '../../../src/context/context.ts'
import { type Api, register, type Registered, require } from './setup.ts'

const api = require('@opentelemetry/api') as typeof Api
const newer = require('otel-api-1.10') as typeof Api & {
  context: { attach(context: Api.Context): { dispose(): void } }
}
const { context, trace, propagation, ROOT_CONTEXT } = api
const key = api.createContextKey('test key')

let current: Registered
beforeAll(() => void (current = register()))
afterAll(() => current.stop())

const tick = () => new Promise((resolve) => setImmediate(resolve))

describe('with', () => {
  it('makes the very context active that it was given, of whichever make', () => {
    const foreign = ROOT_CONTEXT.setValue(key, 'foreign')
    const own = context.active().setValue(key, 'own')
    for (const given of [ROOT_CONTEXT, foreign, own, newer.ROOT_CONTEXT.setValue(key, 1)])
      context.with(given, () => expect(context.active()).toBe(given))
  })

  it('hands on this, arguments, result and exception', () => {
    const self = { factor: 2 }
    const multiply = function (this: typeof self, a: number, b: number): number {
      return this.factor * a * b
    }
    expect(context.with(ROOT_CONTEXT, multiply, self, 3, 7)).toBe(42)
    const fail = () => context.with(ROOT_CONTEXT, () => JSON.parse('{'))
    expect(fail).toThrow(SyntaxError)
  })

  it('holds over await, and ends with the call', async () => {
    const at = ROOT_CONTEXT.setValue(key, 'there')
    const done = context.with(at, async () => {
      await tick()
      return context.active().getValue(key)
    })
    expect(context.active().getValue(key)).toBeUndefined()
    expect(await done).toBe('there')
  })

  it('carries values of one copy of the API to the other, spans included', () => {
    const span = trace.getTracer('x').startSpan('y')
    const at = trace.setSpan(ROOT_CONTEXT.setValue(key, 'v'), span)
    newer.context.with(at, () => {
      expect(newer.trace.getActiveSpan()).toBe(span)
      expect(activeContext().span).toBe(span)
      const changed = newer.trace.deleteSpan(context.active()).setValue(key, 'w')
      context.with(changed, () => {
        expect(trace.getActiveSpan()).toBeUndefined()
        expect(newer.context.active().getValue(key)).toBe('w')
      })
      expect(context.active().getValue(key)).toBe('v')
    })
  })

  it('is immutable: a changed context leaves the first as it was', () => {
    const first = context.active().setValue(key, 1)
    const second = first.setValue(key, 2)
    expect([first.getValue(key), second.getValue(key)]).toEqual([1, 2])
    expect(second.deleteValue(key).getValue(key)).toBeUndefined()
    expect(second.getValue(key)).toBe(2)
  })

  it('takes what is no context as the root context', () => {
    for (const wrong of [undefined, null, 7, 'x', {}] as unknown as Api.Context[])
      expect(context.with(wrong, () => context.active().getValue(key))).toBeUndefined()
  })
})

describe('bind', () => {
  const at = ROOT_CONTEXT.setValue(key, 'bound')
  const read = () => context.active().getValue(key)

  it('binds a function and keeps its this, arguments and length', () => {
    const bound = context.bind(at, function (this: unknown, a: number, b: number) {
      return [this, a, b, read()]
    })
    expect(bound.length).toBe(2)
    expect(bound.call('me', 1, 2)).toEqual(['me', 1, 2, 'bound'])
    expect(read()).toBeUndefined()
  })

  it('binds the listeners of an emitter, however they are added', async () => {
    const emitter = context.bind(at, new EventEmitter())
    const seen: unknown[] = []
    const listener = () => void seen.push(read())
    emitter.on('e', listener)
    emitter.once('e', listener)
    emitter.prependListener('e', listener)
    emitter.prependOnceListener('e', listener)
    expect(emitter.emit('e')).toBe(true)
    expect(seen).toEqual(['bound', 'bound', 'bound', 'bound'])
    emitter.on('async', async () => {
      await tick()
      listener()
    })
    emitter.emit('async')
    await tick()
    await tick()
    expect(seen).toHaveLength(5)
    expect(seen[4]).toBe('bound')
  })

  it('leaves the emitter as it is for removal, counting and listing', () => {
    const emitter = context.bind(at, new EventEmitter())
    const listener = () => {}
    emitter.on('e', listener)
    expect(emitter.listeners('e')).toEqual([listener])
    emitter.off('e', listener)
    expect(emitter.listenerCount('e')).toBe(0)
    expect(emitter.emit('e')).toBe(false)
    expect(Object.keys(emitter)).not.toContain('emit')
  })

  it('keeps the first context that an emitter is bound to', () => {
    const emitter = context.bind(at, new EventEmitter())
    const emit: unknown = Reflect.get(emitter, 'emit')
    expect(context.bind(ROOT_CONTEXT.setValue(key, 'second'), emitter)).toBe(emitter)
    expect(Reflect.get(emitter, 'emit')).toBe(emit)
  })

  it('gives anything else back as it is', () => {
    const frozen = Object.freeze(new EventEmitter())
    for (const target of [frozen, { a: 1 }, 'text', undefined])
      expect(context.bind(at, target)).toBe(target)
  })
})

describe('attach and disable', () => {
  it('attaches a context until it is disposed, once', () => {
    const before = context.active()
    const outer = newer.context.attach(ROOT_CONTEXT.setValue(key, 'outer'))
    const inner = newer.context.attach(ROOT_CONTEXT.setValue(key, 'inner'))
    expect(context.active().getValue(key)).toBe('inner')
    inner.dispose()
    inner.dispose()
    expect(context.active().getValue(key)).toBe('outer')
    outer.dispose()
    expect(context.active()).toBe(before)
    expect(hasContext()).toBe(false)
  })

  it('keeps the contexts of the server when a user disables context management', () => {
    const manager = (globalThis as any)[Symbol.for('opentelemetry.js.api.1')].context
    context.with(ROOT_CONTEXT.setValue(key, 'still'), () => {
      expect(manager.disable()).toBe(manager)
      expect(manager.enable()).toBe(manager)
      expect(context.active().getValue(key)).toBe('still')
    })
  })
})

describe('propagation', () => {
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`

  it('extracts a remote parent and baggage', () => {
    const at = propagation.extract(ROOT_CONTEXT, {
      traceparent,
      tracestate: 'v=1',
      baggage: 'user=x'
    })
    expect(trace.getSpanContext(at)).toMatchObject({
      traceId: 'a'.repeat(32),
      spanId: 'b'.repeat(16),
      isRemote: true
    })
    expect(trace.getSpanContext(at)?.traceState?.get('v')).toBe('1')
    expect(propagation.getBaggage(at)?.getEntry('user')?.value).toBe('x')
  })

  it('gives the context back as it is when nothing valid is carried', () => {
    const at = ROOT_CONTEXT.setValue(key, 1)
    expect(propagation.extract(at, {})).toBe(at)
    expect(propagation.extract(at, { traceparent: 'rubbish' })).toBe(at)
    expect(propagation.extract(at, undefined)).toBe(at)
  })

  it('injects what it extracted, through any setter and getter', () => {
    const carrier = new Map<string, string[]>([['traceparent', [traceparent]]])
    const getter = {
      keys: (c: typeof carrier) => [...c.keys()],
      get: (c: typeof carrier, name: string) => c.get(name)
    }
    const at = propagation.extract(ROOT_CONTEXT, carrier, getter)
    const out: [string, string][] = []
    propagation.inject(at, out, { set: (c, name, value) => void c.push([name, value]) })
    expect(out).toEqual([['traceparent', traceparent]])
    expect(propagation.fields()).toEqual(['traceparent', 'tracestate', 'baggage'])
  })

  it('injects baggage that was made with the API', () => {
    const at = propagation.setBaggage(
      ROOT_CONTEXT,
      propagation.createBaggage({ a: { value: 'b c' } })
    )
    const carrier: Record<string, string> = {}
    propagation.inject(at, carrier)
    expect(carrier).toEqual({ baggage: 'a=b%20c' })
  })

  it('injects nothing where tracing is suppressed', () => {
    const quiet = api.createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING')
    const carrier = {}
    const at = propagation.extract(ROOT_CONTEXT, { traceparent }).setValue(quiet, true)
    propagation.inject(at, carrier)
    expect(carrier).toEqual({})
  })

  it('lets the exception of a setter through to its caller', () => {
    const at = propagation.extract(ROOT_CONTEXT, { traceparent })
    const set = () => {
      throw new Error('headers already sent')
    }
    expect(() => propagation.inject(at, {}, { set })).toThrow('headers already sent')
  })
})
