import { createRequire } from 'node:module'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  activeContext,
  bindTo,
  type Context,
  type ContextSpan,
  contextStorage,
  hasContext,
  isSuppressed,
  rootContext,
  runIn,
  suppressed
} from '../../src/context/context.ts'
import { until } from '../until.ts'
import { newSpanContext } from './setup.ts'

const spanKey = Symbol.for('OpenTelemetry Context Key SPAN')
const key = Symbol('a key')

function newSpan(): ContextSpan {
  const context = newSpanContext()
  return { spanContext: () => context }
}

describe('a context', () => {
  it('is empty at the root', () => {
    expect(rootContext.span).toBeUndefined()
    expect(rootContext.getValue(key)).toBeUndefined()
    expect(isSuppressed(rootContext)).toBe(false)
  })

  it('carries its span under the key of the OpenTelemetry API, and in the field', () => {
    const span = newSpan()
    for (const context of [rootContext.withSpan(span), rootContext.setValue(spanKey, span)]) {
      expect(context.span).toBe(span)
      expect(context.getValue(spanKey)).toBe(span)
      expect(context.deleteValue(spanKey).span).toBeUndefined()
      expect(context.withSpan(undefined).getValue(spanKey)).toBeUndefined()
    }
  })

  it('keeps its values when its span changes, and its span when its values do', () => {
    const span = newSpan()
    const context = rootContext.setValue(key, 'value').withSpan(span).setValue(Symbol('other'), 1)
    expect(context.getValue(key)).toBe('value')
    expect(context.span).toBe(span)
    expect(context.deleteValue(key).span).toBe(span)
    expect(context.deleteValue(spanKey).getValue(key)).toBe('value')
  })

  it('tells keys apart that read alike', () => {
    const context = rootContext.setValue(Symbol('twin'), 1)
    expect(context.getValue(Symbol('twin'))).toBeUndefined()
  })

  it('never changes: each change is a context of its own', () => {
    const keys = [spanKey, Symbol('a'), Symbol('b'), Symbol('c')]
    const step = fc.record({
      from: fc.nat(),
      key: fc.constantFrom(...keys),
      value: fc.option(fc.anything(), { nil: undefined }),
      removes: fc.boolean()
    })
    const read = (context: Context) => keys.map((key) => context.getValue(key))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const contexts = [rootContext]
        const models = [new Map<symbol, unknown>()]
        for (const { from, key, value, removes } of steps) {
          const at = from % contexts.length
          const context = contexts[at] as Context
          contexts.push(removes ? context.deleteValue(key) : context.setValue(key, value))
          const model = new Map(models[at])
          models.push(model.set(key, removes ? undefined : value))
        }
        for (const [i, context] of contexts.entries())
          expect(read(context)).toEqual(keys.map((key) => models[i]?.get(key)))
      })
    )
  })

  it('that was derived from another holds no reference to it', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const make = (): [WeakRef<object>, Context] => {
      const span = newSpan()
      return [new WeakRef(span), rootContext.withSpan(span).setValue(key, 1).withSpan(newSpan())]
    }
    const [first, kept] = make()
    await until(() => {
      collect()
      return first.deref() === undefined
    })
    expect(kept.getValue(key)).toBe(1)
  })
})

describe('suppression', () => {
  const suppressKey = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING')

  it('is inherited by what is derived, and leaves the original', () => {
    const original = rootContext.withSpan(newSpan())
    const context = suppressed(original)
    expect(isSuppressed(original)).toBe(false)
    expect(context.span).toBe(original.span)
    for (const derived of [context, context.withSpan(newSpan()), context.setValue(key, 1)])
      expect(isSuppressed(derived)).toBe(true)
    expect(isSuppressed(context.deleteValue(suppressKey))).toBe(false)
  })

  it('is what the OpenTelemetry SDK means by it, in both directions', () => {
    // The copy that the SDK itself uses.
    const require = createRequire(import.meta.resolve('@opentelemetry/sdk-trace-base'))
    const core = require('@opentelemetry/core') as Record<string, (context: Context) => unknown>
    expect(core['isTracingSuppressed']?.(suppressed(rootContext))).toBe(true)
    expect(core['isTracingSuppressed']?.(rootContext)).toBe(false)
    expect(isSuppressed(core['suppressTracing']?.(rootContext) as Context)).toBe(true)
    expect(isSuppressed(core['unsuppressTracing']?.(suppressed(rootContext)) as Context)).toBe(
      false
    )
  })

  it('is nothing but true', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(isSuppressed(rootContext.setValue(suppressKey, value))).toBe(value === true)
      })
    )
  })
})

describe('the active context', () => {
  it('is the root outside of any, which is not the same as having entered the root', () => {
    expect(activeContext()).toBe(rootContext)
    expect(hasContext()).toBe(false)
    runIn(rootContext, () => {
      expect(activeContext()).toBe(rootContext)
      expect(hasContext()).toBe(true)
    })
    expect(hasContext()).toBe(false)
  })

  it('is the one entered last, and the one before when that has ended', () => {
    const [outer, inner] = [rootContext.setValue(key, 'outer'), rootContext.setValue(key, 'inner')]
    runIn(outer, () => {
      runIn(inner, () => expect(activeContext()).toBe(inner))
      expect(activeContext()).toBe(outer)
      const fail = () => runIn(inner, () => JSON.parse('{'))
      expect(fail).toThrow(SyntaxError)
      expect(activeContext()).toBe(outer)
    })
    expect(hasContext()).toBe(false)
  })

  it('is the very one in the storage that channels are bound to', () => {
    const context = rootContext.setValue(key, 1)
    contextStorage.run(context, () => expect(activeContext()).toBe(context))
    runIn(context, () => expect(contextStorage.getStore()).toBe(context))
  })
})

describe('running in a context', () => {
  it('hands on arguments and result', () => {
    const context = rootContext.setValue(key, 1)
    const add = (a: number, b: number) => {
      expect(activeContext()).toBe(context)
      return a + b
    }
    expect(runIn(context, add, 2, 3)).toBe(5)
  })
})

describe('a bound function', () => {
  const context = rootContext.setValue(key, 'bound')

  it('runs in its context wherever it is called, and only it', () => {
    const bound = bindTo(context, activeContext)
    expect(bound()).toBe(context)
    const other = rootContext.setValue(key, 'other')
    runIn(other, () => {
      expect(bound()).toBe(context)
      expect(activeContext()).toBe(other)
    })
    expect(bindTo(other, bound)()).toBe(context)
    expect(hasContext()).toBe(false)
  })

  it('keeps this, arguments, result and exception', () => {
    const seen = bindTo(context, function (this: unknown, ...args: unknown[]) {
      return [this, ...args]
    })
    const self = {}
    fc.assert(
      fc.property(fc.array(fc.anything()), (args) => {
        const result = seen.apply(self, args)
        expect(result[0]).toBe(self)
        expect(result.slice(1).every((value, i) => Object.is(value, args[i]))).toBe(true)
        expect(result).toHaveLength(args.length + 1)
      })
    )
    const error = new Error('its own')
    const fail = bindTo(context, () => {
      throw error
    })
    expect(fail).toThrow(error)
  })

  it('has as many parameters as it had', () => {
    const functions: ((...args: never[]) => unknown)[] = [
      () => {},
      (a: unknown) => a,
      (_error: unknown, _req: unknown, _res: unknown, _next: unknown) => {},
      (a: unknown, b = 1) => [a, b],
      (...all: unknown[]) => all
    ]
    for (const fn of functions) expect(bindTo(context, fn)).toHaveLength(fn.length)
  })
})
