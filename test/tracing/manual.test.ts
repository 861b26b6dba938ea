import { trace as otel } from '@opentelemetry/api'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { activeSpan, withSpan } from '../../src/manual.ts'
import { shutdown } from '../../src/process-wide.ts'
import { traced } from '../../src/http.ts'
import type { SpanDetail } from '../../src/wire/trace.ts'
import { ask, attribute, closeAll, listen, PageApi } from './setup.ts'
import { until } from '../until.ts'

let act: () => unknown
let api: PageApi
let origin: string

/** Runs `fn` within a request and gives the request's spans, by name. */
async function inRequest(fn: () => unknown): Promise<Map<string, SpanDetail>> {
  act = fn
  await ask(origin)
  const { traceId } = await api.find((trace) => trace.method === 'GET' && !trace.inFlight)
  return api.spans(traceId)
}

beforeEach(async () => {
  origin = await listen(
    traced(async (_req, res) => {
      try {
        await act()
      } catch {
        // The test's own.
      }
      res.end()
    })
  )
  api = new PageApi(`${origin}/_traces`)
})

afterEach(closeAll)

describe('withSpan', () => {
  it('gives back what its function gives back, and is a span around it', async () => {
    let given: unknown
    const spans = await inRequest(() => {
      given = withSpan('work', (span) => {
        span.setAttribute('n', 1)
        return 42
      })
    })
    expect(given).toBe(42)
    const work = spans.get('work')
    expect(work).toMatchObject({ open: false, status: 'unset', kind: 'internal' })
    expect(attribute(work, 'n')).toBe(1)
    expect(work?.parentId).toBe(spans.get('GET')?.spanId)
  })

  it('nests, and each span ends with its own function', async () => {
    const spans = await inRequest(() =>
      withSpan('outer', async () => {
        await withSpan('first', async () => {})
        withSpan('second', () => withSpan('inner', () => {}))
      })
    )
    const id = (name: string): string | undefined => spans.get(name)?.spanId
    expect(spans.get('first')?.parentId).toBe(id('outer'))
    expect(spans.get('second')?.parentId).toBe(id('outer'))
    expect(spans.get('inner')?.parentId).toBe(id('second'))
  })

  it('takes options', async () => {
    const spans = await inRequest(() => {
      withSpan('sends', { kind: 3, attributes: { 'messaging.system': 'x' } }, () => {})
      withSpan('empty', undefined as never, () => {})
      withSpan('null', null as never, () => {})
    })
    expect(spans.get('sends')).toMatchObject({ kind: 'producer' })
    expect(attribute(spans.get('sends'), 'messaging.system')).toBe('x')
    expect([...spans.keys()]).toEqual(expect.arrayContaining(['empty', 'null']))
  })

  it('ends when a promise settles, not before', async () => {
    let open: boolean | undefined
    let after: boolean | undefined
    await inRequest(async () => {
      const given = withSpan('slow', async (span) => {
        await new Promise((resolve) => setTimeout(resolve, 5))
        open = span.isRecording()
        return span
      })
      expect(given).toBeInstanceOf(Promise)
      after = (await given).isRecording()
    })
    expect([open, after]).toEqual([true, false])
  })

  it.each([
    [
      'a throw',
      () =>
        withSpan('fails', () => {
          throw new RangeError('too far')
        })
    ],
    [
      'a rejection',
      () =>
        withSpan('fails', async () => {
          throw new RangeError('too far')
        })
    ]
  ])('records %s with its stack and passes the very error on', async (_, fails) => {
    let caught: unknown
    const spans = await inRequest(async () => {
      try {
        await fails()
      } catch (error) {
        caught = error
      }
    })
    expect(caught).toBeInstanceOf(RangeError)
    const span = spans.get('fails')
    expect(span).toMatchObject({ status: 'error', statusMessage: 'too far', open: false })
    expect(attribute(span, 'error.type')).toBe('RangeError')
    expect(span?.events.map(({ name }) => name)).toEqual(['exception'])
    expect(Object.fromEntries(span?.events[0]?.attributes ?? [])).toMatchObject({
      'exception.type': 'RangeError',
      'exception.message': 'too far',
      'exception.stacktrace': expect.stringContaining('manual.test.ts')
    })
  })

  it.each([
    ['undefined', undefined],
    ['a text', 'no'],
    ['null', null],
    [
      'an object whose every property throws',
      new Proxy(
        {},
        {
          get() {
            throw new Error('trap')
          }
        }
      )
    ]
  ])('passes on a thrown %s', async (_, thrown) => {
    let caught: unknown = 'nothing'
    const spans = await inRequest(() => {
      try {
        withSpan('fails', () => {
          // oxlint-disable-next-line no-throw-literal, typescript/only-throw-error
          throw thrown
        })
      } catch (error) {
        caught = error
      }
    })
    expect(Object.is(caught, thrown)).toBe(true)
    expect(spans.get('fails')).toMatchObject({ status: 'error', open: false })
  })

  it('starts a lazy thenable within the span, once', async () => {
    let starts = 0
    let within: unknown
    const lazy = {
      // oxlint-disable-next-line unicorn/no-thenable
      then(done: (value: number) => unknown) {
        starts++
        within = activeSpan()?.spanContext().spanId
        return Promise.resolve(done(7))
      }
    }
    let value: unknown
    const spans = await inRequest(async () => {
      value = await withSpan('query', () => lazy)
    })
    expect([value, starts, within]).toEqual([7, 1, spans.get('query')?.spanId])
  })

  it('knows a function with a then for a thenable', async () => {
    const callable = Object.assign(() => 1, {
      // oxlint-disable-next-line unicorn/no-thenable
      then: (done: (value: number) => unknown) => Promise.resolve(done(8))
    })
    let value: unknown
    await inRequest(async () => {
      value = await withSpan('query', () => callable as unknown as Promise<number>)
    })
    expect(value).toBe(8)
  })

  it('leaves a rejection that nobody handles unhandled', async () => {
    const unhandled: unknown[] = []
    const listeners = process.listeners('unhandledRejection')
    process.removeAllListeners('unhandledRejection')
    process.on('unhandledRejection', (reason) => unhandled.push(reason))
    try {
      const reason = new Error('nobody')
      await inRequest(() => void withSpan('lost', () => Promise.reject(reason)))
      await until(() => unhandled.length > 0)
      expect(unhandled).toEqual([reason])
    } finally {
      process.removeAllListeners('unhandledRejection')
      for (const listener of listeners) process.on('unhandledRejection', listener)
    }
  })

  it('starts a trace of its own outside any request', async () => {
    withSpan('job', () => withSpan('step', () => {}))
    const { traceId, spans } = await api.named('job')
    expect(spans).toBe(2)
    expect([...(await api.spans(traceId)).keys()].sort()).toEqual(['job', 'step'])
  })

  it('names the option when it is not given a function', () => {
    expect(() => withSpan('x', 5 as never)).toThrow(/^spanlight: withSpan\(name, fn\)/)
    expect(() => withSpan('x', {}, undefined as never)).toThrow(TypeError)
  })

  it('runs its function all the same where nothing records', async () => {
    await shutdown()
    const ran = withSpan('x', (span) => {
      span.setAttribute('a', 1).addEvent('b').recordException(new Error('c'))
      return [span.isRecording(), activeSpan() === span]
    })
    expect(ran).toEqual([false, true])
    await expect(withSpan('x', () => Promise.resolve(5))).resolves.toBe(5)
    expect(() =>
      withSpan('x', () => {
        throw new RangeError('through')
      })
    ).toThrow(RangeError)
  })
})

describe('activeSpan', () => {
  it("is the request's, then withSpan's, then the request's again", async () => {
    const seen: (string | undefined)[] = []
    const see = (): unknown => seen.push(activeSpan()?.spanContext().spanId)
    const spans = await inRequest(async () => {
      see()
      await withSpan('inner', async () => {
        await Promise.resolve()
        see()
      })
      see()
    })
    const request = spans.get('GET')?.spanId
    expect(seen).toEqual([request, spans.get('inner')?.spanId, request])
  })

  it('is undefined outside', () => {
    expect(activeSpan()).toBeUndefined()
  })

  it("is the one of OpenTelemetry's API", async () => {
    let same: boolean[] = []
    const spans = await inRequest(() =>
      withSpan('ours', (span) => {
        same = [otel.getActiveSpan() === span, activeSpan() === span]
        otel.getTracer('theirs').startActiveSpan('theirs', (theirs) => {
          same.push(activeSpan() === (theirs as unknown))
          theirs.end()
        })
      })
    )
    expect(same).toEqual([true, true, true])
    expect(spans.get('theirs')?.parentId).toBe(spans.get('ours')?.spanId)
    expect(spans.get('theirs')?.scope.name).toBe('theirs')
  })
})
