import { afterEach, beforeEach, expect, test } from 'vitest'
import { activeContext, runIn, suppressed } from '../../../src/context/context.ts'
import { startDatabaseSpan } from '../../../src/watch/databases/database.ts'
import { watchModules } from '../../../src/watch/modules.ts'
import { Statements } from '../../../src/watch/databases/statements.ts'
import { type Recorder, record } from '../setup.ts'

let recorder: Recorder

beforeEach(() => {
  recorder = record()
})

afterEach(() => recorder.close())

test('a statement gives name, summary, operation and target, its literals hidden', async () => {
  await recorder.inRequest('request', async () => {
    startDatabaseSpan(recorder.setup, {
      system: 'postgresql',
      dialect: 'postgresql',
      statement: "SELECT * FROM users WHERE name = 'canary'",
      namespace: 'shop',
      address: 'db',
      port: 5433,
      defaultPort: 5432
    })?.succeed(3)
  })
  const [span] = await recorder.wait('SELECT users')
  expect(span).toMatchObject({ kind: 2, status: 0 })
  expect(span?.attributes).toEqual({
    'db.system.name': 'postgresql',
    'db.namespace': 'shop',
    'db.operation.name': 'SELECT',
    'db.collection.name': 'users',
    'db.query.summary': 'SELECT users',
    'db.query.text': 'SELECT * FROM users WHERE name = ?',
    'server.address': 'db',
    'server.port': 5433,
    'db.response.returned_rows': 3
  })
})

test('a database without statements is named by command and collection', async () => {
  await recorder.inRequest('request', async () => {
    startDatabaseSpan(recorder.setup, {
      system: 'mongodb',
      dialect: 'other',
      operation: 'find',
      target: 'orders',
      port: 27_017,
      defaultPort: 27_017
    })?.succeed()
    startDatabaseSpan(recorder.setup, { system: 'redis', dialect: 'other' })?.succeed()
  })
  const [span] = await recorder.wait('find orders')
  expect(span?.attributes).toEqual({
    'db.system.name': 'mongodb',
    'db.operation.name': 'find',
    'db.collection.name': 'orders'
  })
  await recorder.wait('redis')
})

test('where the call comes from stays with it', async () => {
  const { tracer } = recorder.setup
  const start: typeof tracer.start = (...args) => {
    const span = tracer.start(...args)
    span.put('code.line.number', 5)
    return span
  }
  const setup = { ...recorder.setup, tracer: { start } as typeof tracer }
  await recorder.inRequest('request', async () => {
    startDatabaseSpan(setup, { system: 'x', dialect: 'other' })?.succeed()
  })
  const [span] = await recorder.wait('x')
  expect(span?.attributes).toEqual({ 'db.system.name': 'x', 'code.line.number': 5 })
})

test('several operations that go together are counted, and one is not', async () => {
  await recorder.inRequest('request', async () => {
    const call = { system: 'x', dialect: 'other', operation: 'insert' } as const
    startDatabaseSpan(recorder.setup, { ...call, target: 'many', batchSize: 3 })?.succeed()
    startDatabaseSpan(recorder.setup, { ...call, target: 'one', batchSize: 1 })?.succeed()
  })
  const [many] = await recorder.wait('insert many')
  expect(many?.attributes).toMatchObject({ 'db.operation.batch.size': 3 })
  const [one] = await recorder.wait('insert one')
  expect(one?.attributes).not.toHaveProperty('db.operation.batch.size')
})

test("an error is named by the database's own code, and what comes later is ignored", async () => {
  await recorder.inRequest('request', async () => {
    const call = startDatabaseSpan(recorder.setup, { system: 'postgresql', dialect: 'postgresql' })
    call?.fail(new Error('no such table'), '42P01')
    call?.succeed(1)
  })
  const [span] = await recorder.wait('postgresql')
  expect(span).toMatchObject({ status: 2, statusMessage: 'no such table' })
  expect(span?.attributes).toEqual({
    'db.system.name': 'postgresql',
    'db.response.status_code': '42P01',
    'error.type': '42P01'
  })
})

test('a statement of megabytes is cut before it is read', async () => {
  const statement = `INSERT INTO t VALUES ${"('x'),".repeat(500_000)}`
  let seen = 0
  const redactor = {
    ...recorder.setup.redactor,
    statement(text: string) {
      seen = text.length
      return text.slice(0, 10)
    }
  }
  await recorder.inRequest('request', async () => {
    const call = { system: 'mysql', dialect: 'mysql', statement } as const
    const statements = new Statements({ redactor, limits: recorder.setup.limits })
    startDatabaseSpan({ ...recorder.setup, redactor, statements }, call)?.succeed()
  })
  expect(seen).toBeLessThanOrEqual(4 * 4096)
  await recorder.wait('INSERT t')
})

test('our own queries leave no span', async () => {
  await recorder.inRequest('request', async () => {
    runIn(suppressed(activeContext()), () => {
      expect(startDatabaseSpan(recorder.setup, { system: 'x', dialect: 'other' })).toBeUndefined()
    })
  })
})

test('a module that is not known, or is another than its name says, is a mistake named', () => {
  const { guard: _guard, ...setup } = recorder.setup
  expect(() => watchModules(setup, { mongo: {} } as object)).toThrow(
    /^instrument.mongo is not known; known: .*pg/
  )
  expect(() => watchModules(setup, { constructor: {} } as object)).toThrow(TypeError)
  for (const wrong of [
    undefined,
    null,
    1,
    'pg',
    {},
    { Client: 1 },
    { Client: Object },
    { default: null }
  ])
    expect(() => watchModules(setup, { pg: wrong })).toThrow(
      new TypeError("instrument.pg must be the pg module: import pg from 'pg'")
    )
  expect(watchModules(setup, {})).toEqual([])
})
