import { afterAll, beforeAll, expect, test } from 'vitest'
import { createHost, type Host } from './child.ts'

let host: Host

beforeAll(async () => {
  host = await createHost()
})

afterAll(() => host.remove())

test('names imported from node:http before the watch began are watched', async () => {
  const { output, code } = await host.run(`
    import http, { get, request, createServer } from 'node:http'
    import * as namespace from 'http'
    import { record, watchHttpClient } from './watch.mjs'
    const recorder = record()
    const watch = watchHttpClient(recorder.setup)
    const server = createServer((req, res) => res.end(String(req.headers.traceparent !== undefined)))
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address()
    const body = (call, options) => new Promise((resolve) => {
      call({ port, host: '127.0.0.1', ...options }, (res) => {
        let text = ''
        res.on('data', (data) => (text += data)).on('end', () => resolve(text))
      }).end()
    })
    await recorder.inRequest('request', async () => {
      for (const call of [get, request, namespace.get, namespace.request, http.get, http.request])
        console.log(await body(call))
    })
    watch.stop()
    console.log(await body(get))
    await recorder.inRequest('other', async () => console.log(await body(request)))
    console.log((await recorder.wait('GET', 6)).length)
    server.close()
  `)
  expect(output.trim().split('\n')).toEqual([
    ...Array<string>(6).fill('true'),
    'false',
    'false',
    '6'
  ])
  expect(code).toBe(0)
})

const chatter = `
  import util from 'node:util'
  import { record, watchConsole } from './watch.mjs'
  const recorder = record()
  if (process.env.WATCH) watchConsole(recorder.setup)
  const secret = { [util.inspect.custom]: () => 'custom', password: 'x' }
  let reads = 0
  const counting = { get reads() { return ++reads } }
  function deep() {
    console.trace('at %s', 'here', { a: 1 })
  }
  await recorder.inRequest('request', async () => {
    console.log('plain', 1, { a: { b: { c: { d: 1 } } } }, [1, 2], null, undefined, Symbol('s'), 1n)
    console.info('%s %d %i %f %j %o %O %c%%', 'text', 1.5, 1.5, '2.5', { j: 1 }, [1], { o: 1 }, 'css', 'rest')
    console.error(new Error('with a stack').message, secret, counting, counting)
    console.warn('warned')
    console.debug('debugged')
    deep()
    console.group('group')
    console.log('indented\\nlines')
    console.groupEnd()
    console.table([{ a: 1 }])
    console.assert(false, 'asserted %s', 'so')
    console.count()
    console.dir({ a: 1 })
    console.log()
    const { log } = console
    log('detached')
    process.stdout.write('raw\\n')
    console.log.call(undefined, 'no this')
    console.log(console.log, console.log.name, console.log.length, Object.keys(console).length)
    try {
      console.log({ [util.inspect.custom]() { throw new RangeError('thrown') } })
    } catch (error) {
      console.log(error.message)
    }
  })
  if (process.env.WATCH === 'show')
    for (const { severity, body } of (await recorder.wait('request'))[0].logs)
      process.stdout.write(JSON.stringify([severity, body]) + '\\n')
  process.exit(recorder.setup.report.drops.get('internal error') ?? 0)
`

test('what the host prints is the same byte for byte, in the same order', async () => {
  const without = await host.run(chatter)
  const watched = await host.run(chatter, { WATCH: '1' })
  expect(without.output).toContain('Trace: at here { a: 1 }')
  expect(watched).toEqual(without)
  expect(watched.code).toBe(0)
})

test('every line becomes a log with the severity of its method', async () => {
  const { output } = await host.run(chatter, { WATCH: 'show' })
  const logs = output
    .split('\n')
    .filter((line) => line.startsWith('["'))
    .map((line) => JSON.parse(line) as [string, string])
  const bodies = logs.map(([severity, body]) => `${severity}: ${body.split('\n')[0]}`)
  expect(bodies).toContain(
    'info: %s'.replace('%s', 'text 1.5 1 2.5 {"j":1} [ 1, [length]: 1 ] { o: 1 } % rest')
  )
  expect(bodies).toContain('warn: warned')
  expect(bodies).toContain('debug: debugged')
  expect(bodies).toContain('error: with a stack custom { reads: [Getter] } { reads: [Getter] }')
  expect(bodies).toContain('trace: Trace: at here { a: 1 }')
  expect(bodies).toContain('warn: Assertion failed: asserted so')
  expect(bodies).toContain('info: detached')
  expect(bodies).not.toContain('info: raw')
})

const fatal = (act: string): string => `
  import { writeSync } from 'node:fs'
  import { record, runIn, rootContext, watchExceptions } from './watch.mjs'
  const recorder = record()
  let said = ''
  if (process.env.WATCH) watchExceptions({
    ...recorder.setup,
    onFatal(error, origin, span) {
      span?.end()
      const [kept] = recorder.spans
      said = [error?.message ?? error, origin, kept?.name, kept?.status, kept?.events, kept?.attributes['error.type']].join()
      if (process.env.WATCH === 'throw') throw new Error('ours')
    }
  })
  if (process.env.WATCH === 'show') process.on('exit', () => writeSync(1, 'said ' + said))
  const span = recorder.setup.tracer.start('request')
  runIn(rootContext.withSpan(span), () => { ${act} })
`

test.each([
  [
    "setTimeout(() => { throw new RangeError('late') }, 5)",
    'late,uncaughtException,request,2,exception,RangeError'
  ],
  [
    "Promise.reject(new TypeError('lost'))",
    'lost,unhandledRejection,request,2,exception,TypeError'
  ],
  [
    "setImmediate(async () => { await null; throw new Error('deep') })",
    'deep,unhandledRejection,request,2,exception,Error'
  ],
  [
    "process.on('uncaughtException', () => process.exit(7)); setTimeout(() => { throw new Error('caught') }, 5)",
    'caught,uncaughtException,request,2,exception,Error'
  ]
])(
  'an exception nobody caught is recorded, and the process ends as without us: %s',
  async (act, said) => {
    const without = await host.run(fatal(act))
    expect(without.code).not.toBe(0)
    expect(await host.run(fatal(act), { WATCH: '1' })).toEqual(without)
    const shown = await host.run(fatal(act), { WATCH: 'show' })
    expect(shown.output.slice(shown.output.indexOf('said ') + 5)).toContain(said)
  }
)

test('a callback that fails does not change how the process ends', async () => {
  const act = "setTimeout(() => { throw new Error('late') }, 5)"
  const without = await host.run(fatal(act))
  expect(await host.run(fatal(act), { WATCH: 'throw' })).toEqual(without)
})

test('an exception whose context Node has lost reaches the callback without a span', async () => {
  const act = "queueMicrotask(() => { throw 'text' })"
  const without = await host.run(fatal(act))
  expect(await host.run(fatal(act), { WATCH: '1' })).toEqual(without)
  const shown = await host.run(fatal(act), { WATCH: 'show' })
  expect(shown.output).toContain('said text,uncaughtException,')
})

test('a rejection that the host handles late or ignores by its own rules is none of ours', async () => {
  const act =
    "process.on('unhandledRejection', () => console.log('handled')); Promise.reject(new Error('x'))"
  const without = await host.run(fatal(act))
  expect(without).toMatchObject({ code: 0, output: 'handled\n' })
  expect(await host.run(fatal(act), { WATCH: '1' })).toEqual(without)
})
