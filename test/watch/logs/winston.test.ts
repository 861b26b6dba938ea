import { Writable } from 'node:stream'
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { defaultLimits } from '../../../src/base/limits.ts'
import { activeContext } from '../../../src/context/context.ts'
import type { Span } from '../../../src/span/span.ts'
import { watchConsole } from '../../../src/watch/logs/console.ts'
import type { Watch } from '../../../src/watch/watch.ts'
import { wrapWinston } from '../../../src/watch/logs/winston.ts'
import { install, library } from '../../libraries/library.js'
import { type Kept, type Recorder, record } from '../setup.ts'

type Write = (...args: unknown[]) => unknown
type Level = 'error' | 'warn' | 'info' | 'http' | 'verbose' | 'debug' | 'silly' | 'log'
type Logger = Record<Level, Write> & { child(fields: object): Logger }
type Format = (options?: object) => object
interface Transport {
  log: (info: Record<symbol, unknown>, done: () => void) => void
}

/** What is used here of a package that is only among the libraries of this folder. */
interface Winston {
  createLogger(options: object): Logger
  transports: Record<'Stream' | 'Console', new (options?: object) => Transport>
  format: ((change: (info: Record<string, unknown>) => object | false) => Format) &
    Record<'splat' | 'timestamp' | 'colorize' | 'simple' | 'json' | 'errors', Format> & {
      combine(...formats: object[]): object
      printf(print: (info: Record<string, unknown>) => string): object
    }
}

beforeAll(() => {
  expect(install(console.log)).toBeUndefined()
}, 300_000)

let recorder: Recorder
let watches: Watch[] = []
let printed: string[] = []

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

describe.each(['winston-floor', 'winston'])('%s', (name) => {
  let winston: Winston
  let early: Logger

  /** Prints to an array, in the form of the format. */
  const stream = (): Transport =>
    new winston.transports.Stream({
      stream: new Writable({
        write(chunk, _encoding, done) {
          printed.push(String(chunk))
          done()
        }
      })
    })

  beforeEach(() => {
    winston = library(name) as Winston
    early = winston.createLogger({ transports: [stream()] })
    watches.push(wrapWinston(recorder.setup, winston))
  })

  test('a line is on the span that wrote it, with level, message and fields', async () => {
    const logger = winston.createLogger({ level: 'silly', transports: [stream()] })
    const logs = await logged(() => {
      logger.info('paid', { order: 7, user: { id: 1 }, tags: ['a'] })
      early.warn('made before')
      logger.log('error', 'by its name')
      logger.log({ level: 'debug', message: 'as an object', n: 1 })
      for (const level of ['http', 'verbose', 'silly'] as const) logger[level](level)
    })
    expect(logs).toEqual([
      { severity: 'info', body: 'paid', attributes: { order: 7, 'user.id': 1, tags: ['a'] } },
      { severity: 'warn', body: 'made before' },
      { severity: 'error', body: 'by its name' },
      { severity: 'debug', body: 'as an object', attributes: { n: 1 } },
      { severity: 'info', body: 'http', attributes: { level: 'http' } },
      { severity: 'debug', body: 'verbose', attributes: { level: 'verbose' } },
      { severity: 'trace', body: 'silly', attributes: { level: 'silly' } }
    ])
    expect(printed).toHaveLength(7)
  })

  test('what a format makes of a line is what is kept', async () => {
    const { combine, splat, timestamp, colorize, printf } = winston.format
    const hide = winston.format((info) => {
      if (info['private'] === true) return false
      return { ...info, message: String(info.message).replaceAll('4711', '****') }
    })
    const logger = winston.createLogger({
      format: combine(
        splat(),
        hide(),
        timestamp(),
        colorize({ all: true, colors: { info: 'red' } }),
        printf(({ message }) => `> ${String(message)}`)
      ),
      transports: [stream()]
    })
    const logs = await logged(() => {
      logger.info('order %s of %d', '4711', 2, { meta: 'yes' })
      logger.info('not printed', { private: true })
    })
    expect(logs).toEqual([
      { severity: 'info', body: 'order **** of 2', attributes: { meta: 'yes' } }
    ])
    expect(printed).toHaveLength(1)
    expect(printed[0]).toContain('\u001b[31m')
  })

  test('child loggers and default fields are understood', async () => {
    const logger = winston.createLogger({ defaultMeta: { app: 'shop' }, transports: [stream()] })
    const child = logger.child({ request: 'r1' })
    const logs = await logged(() => {
      child.info('hello', { part: 'cart' })
      child.error(new RangeError('broken'))
    })
    expect(logs[0]).toEqual({
      severity: 'info',
      body: 'hello',
      attributes: { app: 'shop', request: 'r1', part: 'cart' }
    })
    expect(logs[1]).toMatchObject({
      severity: 'error',
      body: 'broken',
      attributes: { 'exception.type': 'RangeError', 'exception.message': 'broken' }
    })
  })

  test.each([
    ['alone', (logger: Logger, error: Error) => logger.error(error)],
    ['behind a message', (logger: Logger, error: Error) => logger.error('failed:', error)],
    ['as a field', (logger: Logger, error: Error) => logger.error('failed:', { error })],
    [
      'as the message',
      (logger: Logger, error: Error) => logger.log({ level: 'error', message: error as never })
    ]
  ])('an error %s is told in the names of the conventions', async (_how, write) => {
    const formats = [
      undefined,
      winston.format.json(),
      winston.format.combine(winston.format.errors({ stack: true }), winston.format.json())
    ]
    for (const format of formats) {
      const error = Object.assign(new TypeError('no such order'), {
        config: { headers: { 'x-thing': 'canary' } }
      })
      const logger = winston.createLogger({ ...(format && { format }), transports: [stream()] })
      await recorder.inRequest('failing', async () => void write(logger, error))
      const line = (await recorder.wait('failing')).at(-1)?.logs[0]
      expect(line?.severity).toBe('error')
      expect(line?.body).toMatch(/no such order|failed:/)
      expect(line?.attributes).toEqual({
        'exception.type': 'TypeError',
        'exception.message': 'no such order',
        'exception.stacktrace': expect.stringMatching(
          /^TypeError: no such order\n {4}at /
        ) as string
      })
    }
  })

  test('levels of the host are mapped by name, then by number, and keep their name', async () => {
    const logger = winston.createLogger({
      level: 'low',
      levels: { emerg: 0, top: 1, notice: 2, low: 6 },
      transports: [stream()]
    }) as unknown as Record<string, Write>
    const logs = await logged(() => {
      for (const level of ['emerg', 'top', 'notice', 'low'] as const) logger[level](level)
    })
    expect(logs.map(({ severity, attributes }) => [severity, attributes?.['level']])).toEqual([
      ['fatal', 'emerg'],
      ['warn', 'top'],
      ['info', 'notice'],
      ['trace', 'low']
    ])
  })

  test('a level that is off and a silent logger record nothing; outside a span a line is counted', async () => {
    const logger = winston.createLogger({ level: 'warn', transports: [stream()] })
    const silent = winston.createLogger({ silent: true, transports: [stream()] })
    logger.error('outside')
    const logs = await logged(() => {
      logger.info('off')
      logger.child({ a: 1 }).info('off, too')
      silent.error('silent')
    })
    expect(logs).toEqual([])
    expect(recorder.setup.report.drops.get('log without an open span')).toBe(1)
  })

  test('secrets are hidden, getters are not run, and lines are bounded', async () => {
    const logger = winston.createLogger({
      format: winston.format.printf(() => 'x'),
      transports: [stream()]
    })
    const getter = vi.fn(() => 'x')
    class Money {
      cents = 1
      get euros(): number {
        return Number(getter())
      }
    }
    const logs = await logged(() => {
      logger.info('with Bearer canary', { user: { password: 'canary', id: 1 }, apiKey: 'canary' })
      const own = Object.defineProperty({}, 'lazy', { get: getter, enumerable: true })
      logger.info('odd', {
        nested: { own, money: new Money(), date: new Date(0), map: new Map([['a', 'canary']]) }
      })
      logger.info(
        'x'.repeat(5000),
        Object.fromEntries([...Array(500).keys()].map((i) => [`f${i}`, i]))
      )
      for (let i = 0; i < defaultLimits.logs; i++) logger.info('more')
    })
    expect(JSON.stringify(logs)).not.toContain('canary')
    expect(getter).not.toHaveBeenCalled()
    expect(logs).toHaveLength(defaultLimits.logs)
    expect(logs[1]?.attributes).toEqual({
      'nested.money.cents': 1,
      'nested.date': '1970-01-01T00:00:00.000Z'
    })
    expect(logs[2]?.body).toHaveLength(defaultLimits.messageLength)
    expect(Object.keys(logs[2]?.attributes ?? {})).toHaveLength(defaultLimits.attributes)
  })

  test('a line that waits for a slow transport stays with the span that wrote it', async () => {
    const waiting: (() => void)[] = []
    const contexts: unknown[] = []
    const slow = new winston.transports.Stream({
      stream: new Writable({ objectMode: true, write: (_chunk, _encoding, done) => done() })
    })
    slow.log = (_info: unknown, done: () => void) => void waiting.push(done)
    const seen = winston.format((info) => {
      contexts.push(activeContext().span)
      return info
    })
    const logger = winston.createLogger({ format: seen(), transports: [slow] })
    const spans: Span[] = []
    let release = (): void => {}
    const ended = new Promise<void>((resolve) => (release = resolve))
    const requests = ['a', 'b'].map((name) =>
      recorder.inRequest(name, async (span) => {
        for (let i = 0; i < 60; i++) {
          logger.info(`${name} ${i}`)
          spans.push(span)
        }
        await ended
      })
    )
    expect(contexts.length).toBeLessThan(spans.length)
    while (waiting.length > 0) {
      waiting.shift()?.()
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(contexts).toEqual(spans)
    release()
    await Promise.all(requests)
    for (const name of ['a', 'b']) {
      const [span] = await recorder.wait(name)
      expect(span?.logs.map(({ body }) => body)).toEqual(
        Array.from({ length: 60 }, (_, i) => `${name} ${i}`)
      )
    }
  })

  test('what is printed is the same, byte for byte, and so is what the host throws', async () => {
    const chatter = (): void => {
      const logger = winston.createLogger({ transports: [stream()] })
      logger.info('x %s', 'y', { a: [1, { b: null }], un: undefined })
      logger.child({ c: 1 }).error('failed', Object.assign(new Error('same'), { stack: 'same' }))
      logger.info({ message: 'an object', deep: { er: 1 } })
      logger.info('')
    }
    await recorder.inRequest('a', async () => chatter())
    const watched = printed.splice(0)
    watches.pop()?.stop()
    chatter()
    expect(watched).toEqual(printed)
    expect(watched).toHaveLength(4)
    watches.push(wrapWinston(recorder.setup, winston))
    const broken = winston.createLogger({
      format: winston.format(() => {
        throw new RangeError('full')
      })(),
      transports: [stream()]
    })
    await recorder.inRequest('b', async () => {
      expect(() => broken.info('x')).toThrow(new RangeError('full'))
    })
  })

  test('a line that a transport prints through the console is kept once', async () => {
    const out = vi.spyOn(console, 'log').mockImplementation(() => {})
    watches.push(watchConsole(recorder.setup))
    const transport = new winston.transports.Console({
      forceConsole: true,
      format: winston.format.simple()
    })
    transport.log = (info, done) => {
      console.log(info[Symbol.for('message')])
      done()
    }
    const logger = winston.createLogger({ transports: [transport] })
    const logs = await logged(() => {
      logger.info('through the console', { a: 1 })
      console.log('by itself')
    })
    expect(logs.map(({ body }) => body)).toEqual(['through the console', 'by itself'])
    expect(out).toHaveBeenCalledTimes(2)
  })

  test("winston's own Console transport does not pass through the console", async () => {
    watches.push(watchConsole(recorder.setup))
    const write = vi.spyOn(process.stdout, 'write').mockImplementation(() => true)
    const logger = winston.createLogger({ transports: [new winston.transports.Console()] })
    const logs = await logged(() => logger.info('to the terminal'))
    write.mockRestore()
    expect(logs).toEqual([{ severity: 'info', body: 'to the terminal' }])
  })

  test('a console that was led into a logger is kept once', async () => {
    const logger = winston.createLogger({ transports: [stream()] })
    vi.spyOn(console, 'log').mockImplementation((text) => logger.info(text))
    watches.push(watchConsole(recorder.setup))
    const logs = await logged(() => console.log('into the logger'))
    expect(logs).toEqual([{ severity: 'info', body: 'into the logger' }])
  })

  test('its methods are put back as they were', () => {
    let prototype = early as object
    while (!Object.hasOwn(prototype, '_transform'))
      prototype = Object.getPrototypeOf(prototype) as object
    watches.pop()?.stop()
    const before = Object.getOwnPropertyDescriptors(prototype)
    const watch = wrapWinston(recorder.setup, { default: winston })
    expect(Reflect.get(prototype, '_transform')).not.toBe(Reflect.get(before, '_transform').value)
    expect(Object.keys(prototype)).toEqual(Object.keys(Object.defineProperties({}, before)))
    watch.stop()
    expect(Object.getOwnPropertyDescriptors(prototype)).toEqual(before)
  })
})

test.each([undefined, null, {}, () => {}, { createLogger() {} }])(
  'what is handed over must be winston, not %s',
  (module) => {
    expect(() => wrapWinston(recorder.setup, module)).toThrow(
      /instrument\.winston must be the winston module/
    )
  }
)
