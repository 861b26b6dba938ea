import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { activeContext, runIn, suppressed } from '../../../src/context/context.ts'
import { defaultLimits } from '../../../src/base/limits.ts'
import { watchConsole } from '../../../src/watch/logs/console.ts'
import type { Watch } from '../../../src/watch/watch.ts'
import { type Recorder, record } from '../setup.ts'

let recorder: Recorder
let watch: Watch
const printed: unknown[][] = []
const silent = (...args: unknown[]): void => void printed.push(args)

beforeEach(() => {
  recorder = record()
  printed.length = 0
  for (const name of ['log', 'info', 'warn', 'error', 'debug'] as const)
    vi.spyOn(console, name).mockImplementation(silent)
  watch = watchConsole(recorder.setup)
})

afterEach(() => {
  watch.stop()
  recorder.close()
  vi.restoreAllMocks()
})

test('a line goes to the active span and nowhere else', async () => {
  await Promise.all([
    recorder.inRequest('a', async () => {
      await Promise.resolve()
      console.log('in a')
    }),
    recorder.inRequest('b', async () => console.warn('in %s', 'b'))
  ])
  const [a] = await recorder.wait('a')
  const [b] = await recorder.wait('b')
  expect(a?.logs).toEqual([{ severity: 'info', body: 'in a' }])
  expect(b?.logs).toEqual([{ severity: 'warn', body: 'in b' }])
  expect(printed).toHaveLength(2)
})

test('secrets in a line are hidden', async () => {
  await recorder.inRequest('a', async () => console.log('got Bearer abc', { password: 'canary' }))
  const [a] = await recorder.wait('a')
  expect(a?.logs[0]?.body).toBe("got Bearer [redacted] { password: '[redacted]' }")
})

test('a line outside any open span is counted', async () => {
  const { drops } = recorder.setup.report
  console.log('at the start')
  await recorder.inRequest('a', async (span) => {
    span.end()
    console.log('too late')
  })
  expect(drops.get('log without an open span')).toBe(2)
  expect(printed).toEqual([['at the start'], ['too late']])
})

test('lines of our own work are not recorded', async () => {
  await recorder.inRequest('a', async () =>
    runIn(suppressed(activeContext()), () => console.log('ours'))
  )
  const [a] = await recorder.wait('a')
  expect(a?.logs).toEqual([])
})

test('what prints while a line is being recorded does not go round in circles', async () => {
  watch.stop()
  const { setup } = recorder
  const redactor = {
    ...setup.redactor,
    text(text: string, length: number) {
      console.error('our own report')
      return setup.redactor.text(text, length)
    }
  }
  watch = watchConsole({ ...setup, redactor })
  const loud = {
    toString() {
      console.log('from toString')
      return 'x'
    }
  }
  await recorder.inRequest('a', async () => console.log('%s', loud))
  expect(recorder.spans.find(({ name }) => name === 'a')?.logs).toHaveLength(1)
})

test('a full span takes no more lines, and they are not formatted', async () => {
  const inspect = vi.fn(() => 'x')
  await recorder.inRequest('a', async () => {
    for (let i = 0; i < defaultLimits.logs; i++) console.log(i)
    console.log({ [Symbol.for('nodejs.util.inspect.custom')]: inspect })
  })
  expect(inspect).not.toHaveBeenCalled()
  expect((await recorder.wait('a'))[0]?.logs).toHaveLength(defaultLimits.logs)
})

test('a redactor that throws is counted, and the line is printed', async () => {
  watch.stop()
  const { setup } = recorder
  watch = watchConsole({
    ...setup,
    redactor: {
      ...setup.redactor,
      text() {
        throw new Error('broken')
      }
    }
  })
  await recorder.inRequest('a', async () => console.log('x')).catch(() => {})
  expect(printed).toEqual([['x']])
})

test('what the console throws is thrown to the host', () => {
  vi.mocked(console.log).mockRestore()
  watch.stop()
  vi.spyOn(console, 'log').mockImplementation(() => {
    throw new RangeError('full')
  })
  watch = watchConsole(recorder.setup)
  expect(() => console.log('x')).toThrow(new RangeError('full'))
})

test('the console is as it was once the watch has stopped', () => {
  watch.stop()
  const before = Object.getOwnPropertyDescriptors(console) as PropertyDescriptorMap
  const keys = Object.keys(console)
  watch = watchConsole(recorder.setup)
  expect(Object.keys(console)).toEqual(keys)
  expect(console.log.name).toBe(before['log']?.value.name)
  watch.stop()
  expect(Object.getOwnPropertyDescriptors(console)).toEqual(before)
  expect(console.log).toBe(before['log']?.value)
})
