import type pinoType from 'pino'
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { defaultLimits } from '../../../src/base/limits.ts'
import { activeContext, runIn, suppressed } from '../../../src/context/context.ts'
import { watchConsole } from '../../../src/watch/logs/console.ts'
import { followPino, wrapPino } from '../../../src/watch/logs/pino.ts'
import type { Watch, WatchSetup } from '../../../src/watch/watch.ts'
import { install, library } from '../../libraries/library.js'
import { type Kept, type Recorder, record } from '../setup.ts'

type Pino = typeof pinoType

beforeAll(() => {
  expect(install(console.log)).toBeUndefined()
}, 300_000)

let recorder: Recorder
let watches: Watch[] = []
let printed: string[] = []
const stream = { write: (line: string) => void printed.push(line) }

beforeEach(() => {
  recorder = record()
  printed = []
})

afterEach(() => {
  for (const watch of watches.splice(0)) watch.stop()
  recorder.close()
  vi.restoreAllMocks()
})

async function logged(run: () => void): Promise<Kept['logs']> {
  await recorder.inRequest('request', async () => run())
  return (await recorder.wait('request'))[0]?.logs ?? []
}

const watchPino = (setup: WatchSetup, onFirst: () => void = () => {}): Watch => ({
  instrumented: { name: 'pino', on: true, how: '' },
  stop: followPino(setup, onFirst) ?? (() => {})
})

/** Each version of pino with the watch that it takes. */
const versions: [string, (setup: WatchSetup, pino: Pino) => Watch][] = [
  ['pino-8', wrapPino],
  ['pino-9', (setup) => watchPino(setup)],
  ['pino', (setup) => watchPino(setup)]
]

describe.each(versions)('%s', (name, watch) => {
  let pino: Pino
  // One that was made before anything was watched.
  let early: pinoType.Logger

  beforeEach(() => {
    pino = library(name) as Pino
    early = pino({}, stream)
    watches.push(watch(recorder.setup, pino))
  })

  test('a line is on the span that wrote it, with level, message and fields', async () => {
    const logger = pino({ level: 'trace' }, stream)
    const logs = await logged(() => {
      logger.info({ order: 7, paid: true, tags: ['a', 'b'] }, 'order %s is %d', 'x', 3)
      early.warn('made before')
      for (const level of ['trace', 'debug', 'error', 'fatal'] as const) logger[level](level)
      logger.info({ only: 'fields' })
    })
    expect(logs).toEqual([
      {
        severity: 'info',
        body: 'order x is 3',
        attributes: { order: 7, paid: true, tags: ['a', 'b'] }
      },
      { severity: 'warn', body: 'made before' },
      ...['trace', 'debug', 'error', 'fatal'].map((level) => ({ severity: level, body: level })),
      { severity: 'info', body: '', attributes: { only: 'fields' } }
    ])
    expect(printed).toHaveLength(7)
  })

  test('child loggers, mixins, nested keys and the message key of the host are understood', async () => {
    const logger = pino(
      { messageKey: 'message', nestedKey: 'payload', mixin: () => ({ mixed: 1 }) },
      stream
    )
    const logs = await logged(() => {
      logger.child({ request: 'r1' }).child({ part: 'cart' }).info({ msg: 'a field' }, 'hello')
    })
    expect(logs).toEqual([
      {
        severity: 'info',
        body: 'hello',
        attributes: { request: 'r1', part: 'cart', 'payload.mixed': 1, 'payload.msg': 'a field' }
      }
    ])
  })

  test('an error is told in the names of the conventions, without its own properties', async () => {
    const logger = pino({}, stream)
    const error = Object.assign(new TypeError('no such order', { cause: new Error('gone') }), {
      code: 'E_ORDER',
      config: { headers: { authorization: 'Bearer canary' } }
    })
    const logs = await logged(() => {
      logger.error(error)
      logger.error({ err: error, order: 7 }, 'failed')
    })
    const exception = {
      'exception.type': 'TypeError',
      'exception.message': expect.stringContaining('no such order') as string,
      'exception.stacktrace': expect.stringMatching(
        /TypeError: no such order[^]*pino\.test\.ts/
      ) as string,
      'exception.code': 'E_ORDER'
    }
    expect(logs[0]).toEqual({ severity: 'error', body: 'no such order', attributes: exception })
    expect(logs[1]).toEqual({
      severity: 'error',
      body: 'failed',
      attributes: { ...exception, order: 7 }
    })
    expect(JSON.stringify(logs)).not.toContain('canary')
  })

  test('levels of the host are mapped by name, then by number, and keep their name', async () => {
    const logger = pino(
      { level: 'silly', customLevels: { silly: 5, notice: 35, emerg: 80, odd: 45 } },
      stream
    )
    const logs = await logged(() => {
      for (const level of ['silly', 'notice', 'emerg', 'odd'] as const) logger[level](level)
    })
    expect(logs.map(({ severity, attributes }) => [severity, attributes?.['level']])).toEqual([
      ['trace', 'silly'],
      ['info', 'notice'],
      ['fatal', 'emerg'],
      ['warn', 'odd']
    ])
  })

  test("what the host redacts stays hidden, and what it does not is hidden by Spanlight's rules", async () => {
    const logger = pino({ redact: ['user.email'] }, stream)
    const logs = await logged(() => {
      logger.info(
        { user: { email: 'canary@x', password: 'canary', key: 'canary', id: 1 } },
        'login with Bearer canary'
      )
      logger.info({ session: { id: 'canary' }, list: [{ token: 'canary', n: 1 }] })
    })
    expect(JSON.stringify(logs)).not.toContain('canary')
    expect(logs[0]?.attributes).toMatchObject({ 'user.email': '[Redacted]', 'user.id': 1 })
    expect(logs[1]?.attributes).toEqual({
      session: '[redacted]',
      'list.0.token': '[redacted]',
      'list.0.n': 1
    })
  })

  test('a level that is off records nothing; outside a span, and in our own work, nothing is kept', async () => {
    const logger = pino({ level: 'warn' }, stream)
    logger.error('outside')
    const logs = await logged(() => {
      logger.info('off')
      logger.child({}, { level: 'error' }).warn('off, too')
      runIn(suppressed(activeContext()), () => logger.error('ours'))
    })
    expect(logs).toEqual([])
    expect(recorder.setup.report.drops.get('log without an open span')).toBe(1)
  })

  test('lines are bounded', async () => {
    const logger = pino({}, stream)
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`f${i}`, i]))
    const logs = await logged(() => {
      logger.info(many, 'x'.repeat(5000))
      logger.info({ long: 'y'.repeat(100_000) }, 'a huge line')
      logger.info({ a: { b: { c: { d: { e: { f: 1 } } } } } })
      for (let i = 0; i < defaultLimits.logs; i++) logger.info('more')
    })
    expect(logs).toHaveLength(defaultLimits.logs)
    expect(logs[0]?.body).toHaveLength(defaultLimits.messageLength)
    expect(Object.keys(logs[0]?.attributes ?? {})).toHaveLength(defaultLimits.attributes)
    expect(logs[1]).toEqual({ severity: 'info', body: 'a huge line' })
    expect(logs[2]?.attributes).toEqual({ 'a.b.c.d.e': '[Object]' })
    expect(printed).toHaveLength(defaultLimits.logs + 3)
  })

  test('what is printed is the same, byte for byte, and so is what the host throws', async () => {
    const options = { timestamp: () => ',"time":1', formatters: { level: (l: string) => ({ l }) } }
    const chatter = (logger: pinoType.Logger): void => {
      logger.info({ a: [1, { b: null }], un: undefined }, 'x %o', { y: 1 })
      logger.child({ c: 1 }).error(Object.assign(new Error('same'), { stack: 'same' }))
      logger.info(null, 'null')
      logger.info(['list'])
    }
    await recorder.inRequest('a', async () => chatter(pino(options, stream)))
    const watched = printed.splice(0)
    for (const one of watches.splice(0)) one.stop()
    chatter(pino(options, stream))
    expect(watched).toEqual(printed)
    expect(watched).toHaveLength(4)
    watches.push(watch(recorder.setup, pino))
    const broken = pino(
      {
        formatters: {
          log: () => {
            throw new RangeError('full')
          }
        }
      },
      stream
    )
    await recorder.inRequest('b', async () => {
      expect(() => broken.info({ a: 1 }, 'x')).toThrow(new RangeError('full'))
    })
  })

  test('a line that the stream prints through the console is kept once', async () => {
    const out = vi.spyOn(console, 'log').mockImplementation(() => {})
    watches.push(watchConsole(recorder.setup))
    const logger = pino({}, { write: (line: string) => console.log(line.trimEnd()) })
    const whole = pino({}, { write: (line: string) => console.log(line) })
    const logs = await logged(() => {
      logger.info('through the console')
      whole.info('with its line break')
      console.log('by itself')
    })
    expect(logs.map(({ body }) => body)).toEqual([
      'through the console',
      'with its line break',
      'by itself'
    ])
    expect(out).toHaveBeenCalledTimes(3)
  })

  test('a console that was led into a logger is kept once', async () => {
    const logger = pino({}, stream)
    const replaced = vi.spyOn(console, 'log').mockImplementation((text) => logger.info(text))
    watches.push(watchConsole(recorder.setup))
    const logs = await logged(() => console.log('into the logger'))
    expect(logs).toEqual([{ severity: 'info', body: 'into the logger' }])
    expect(replaced).toHaveBeenCalledOnce()
  })
})

describe('the module handed over', () => {
  test('is put back as it was', () => {
    const pino = library('pino-8') as Pino
    let prototype = pino({}, stream) as object
    while (!Object.hasOwn(prototype, pino.symbols.asJsonSym))
      prototype = Object.getPrototypeOf(prototype) as object
    const before = Object.getOwnPropertyDescriptor(prototype, pino.symbols.asJsonSym)
    const watch = wrapPino(recorder.setup, pino)
    expect(Reflect.get(prototype, pino.symbols.asJsonSym)).not.toBe(before?.value)
    watch.stop()
    expect(Object.getOwnPropertyDescriptor(prototype, pino.symbols.asJsonSym)).toEqual(before)
  })

  test('is recorded once when it tells of its lines itself', async () => {
    const pino = library('pino') as Pino
    watches.push(watchPino(recorder.setup), wrapPino(recorder.setup, { default: pino }))
    const logs = await logged(() => pino({}, stream).info('once'))
    expect(logs).toEqual([{ severity: 'info', body: 'once' }])
  })

  test('is told of once, when its first line comes', async () => {
    const first = vi.fn()
    watches.push(watchPino(recorder.setup, first))
    expect(followPino(recorder.setup, first)).toBeUndefined()
    const logger = (library('pino') as Pino)({}, stream)
    expect(first).not.toHaveBeenCalled()
    logger.info('one')
    logger.info('two')
    expect(first).toHaveBeenCalledOnce()
  })

  test.each([undefined, null, {}, () => {}, { default: {} }])('must be pino, not %s', (module) => {
    expect(() => wrapPino(recorder.setup, module)).toThrow(
      /instrument\.pino must be the pino module/
    )
  })
})
