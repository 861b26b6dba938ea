import { afterEach, beforeEach, expect, test } from 'vitest'
import { activeContext } from '../../../src/context/context.ts'
import { wrapBetterSqlite3 } from '../../../src/watch/databases/better-sqlite3.ts'
import type { Watch } from '../../../src/watch/watch.ts'
import { addonProblem } from '../../libraries/addon.js'
import { library } from '../../libraries/library.js'
import { describeUnless } from '../../servers/describe.ts'
import { type Recorder, record } from '../setup.ts'
import { type Database, descriptorsOf, describeStatements, inRequest } from './sqlite-behaviour.ts'

interface BetterDatabase extends Database {
  pragma(source: string): unknown
  transaction<A extends unknown[], R>(run: (...args: A) => R): Transaction<A, R>
  inTransaction: boolean
}

interface Transaction<A extends unknown[], R> {
  (...args: A): R
  immediate(...args: A): R
  database: unknown
}

let recorder: Recorder
let watch: Watch

describeUnless(addonProblem(), 'better-sqlite3', () => {
  const Database = library('better-sqlite3') as new (file: string) => BetterDatabase
  const open = (file = ':memory:'): BetterDatabase => new Database(file)

  beforeEach(() => {
    recorder = record()
    watch = wrapBetterSqlite3(recorder.setup, Database)
  })

  afterEach(() => {
    watch.stop()
    recorder.close()
  })

  describeStatements({ recorder: () => recorder, open, violation: 'SQLITE_CONSTRAINT_PRIMARYKEY' })

  test('a database is named by its file, without the folder', async () => {
    const spans = await inRequest(recorder, () => open().prepare('SELECT 1').get())
    expect(spans[0]?.attributes['db.namespace']).toBe(':memory:')
  })

  test('a pragma is a span', async () => {
    const spans = await inRequest(recorder, () => {
      const database = open()
      database.prepare('SELECT 1').get()
      expect(database.pragma('user_version')).toEqual([{ user_version: 0 }])
    })
    expect(spans.map(({ name }) => name)).toEqual(['SELECT', 'PRAGMA'])
  })

  test('a transaction function is a span around its statements, and keeps its result and its ways to run', async () => {
    const spans = await inRequest(recorder, () => {
      const database = open()
      database.prepare('CREATE TABLE t (id INTEGER)').run()
      const insert = database.prepare('INSERT INTO t VALUES (?)')
      const add = database.transaction(function (this: unknown, ...ids: number[]) {
        for (const id of ids) insert.run(id)
        return [this, database.inTransaction, ids.length]
      })
      const self = { add }
      expect(self.add(1, 2)).toEqual([self, true, 2])
      expect(add.immediate(3)).toEqual([add, true, 1])
      expect(add.database).toBe(database)
      expect([add.name, add.length]).toEqual(['sqliteTransaction', 0])
      expect(database.inTransaction).toBe(false)
    })
    const [first, second] = spans.filter(({ name }) => name === 'sqlite transaction')
    const below = (id: string | undefined): string[] =>
      spans.filter(({ parentId }) => parentId === id).map(({ name }) => name)
    expect(below(first?.spanId)).toEqual(['BEGIN', 'INSERT t', 'INSERT t', 'COMMIT'])
    expect(below(second?.spanId)).toEqual(['BEGIN', 'INSERT t', 'COMMIT'])
    expect(first).toMatchObject({ kind: 0, attributes: { 'spanlight.transaction': 'commit' } })
  })

  test('a transaction function that throws was rolled back, and throws on', async () => {
    const spans = await inRequest(recorder, () => {
      const database = open()
      database.prepare('CREATE TABLE t (id INTEGER)').run()
      const { span } = activeContext()
      const fail = database.transaction(() => {
        throw new RangeError('too far')
      })
      expect(() => fail()).toThrow(new RangeError('too far'))
      expect(activeContext().span).toBe(span)
    })
    const transaction = spans.find(({ name }) => name === 'sqlite transaction')
    expect(transaction).toMatchObject({
      status: 2,
      statusMessage: 'too far',
      attributes: { 'spanlight.transaction': 'rollback', 'error.type': 'RangeError' }
    })
    expect(spans.map(({ name }) => name)).toContain('ROLLBACK')
  })

  test('everything is as before once the watch has stopped, and what was made while it ran works on', async () => {
    const database = open()
    const statement = database.prepare('SELECT 1 AS one')
    const run = database.transaction(() => statement.get())
    const objects = [Database.prototype, Object.getPrototypeOf(statement) as object]
    const wrapped = descriptorsOf(objects)
    watch.stop()
    const before = descriptorsOf(objects)
    for (const [at, names] of [
      ['prepare', 'exec', 'transaction'],
      ['run', 'get', 'all', 'iterate']
    ].entries())
      for (const name of names) {
        const was = before[at]?.[name] as TypedPropertyDescriptor<() => void>
        const is = wrapped[at]?.[name] as TypedPropertyDescriptor<() => void>
        expect(is.value).not.toBe(was.value)
        expect([is.value?.name, is.value?.length]).toEqual([was.value?.name, was.value?.length])
        expect({ ...is, value: 0 }).toEqual({ ...was, value: 0 })
      }
    const spans = await inRequest(recorder, () => expect(run()).toEqual({ one: 1 }))
    expect(spans).toEqual([])
    watch = wrapBetterSqlite3(recorder.setup, { default: Database })
    open().prepare('SELECT 1')
    watch.stop()
    expect(descriptorsOf(objects)).toEqual(before)
  })
})

test('what is not the module is a mistake named', () => {
  for (const wrong of [undefined, null, 1, {}, () => {}, String, { default: 1 }])
    expect(() => wrapBetterSqlite3(record().setup, wrong)).toThrow(
      new TypeError(
        "instrument['better-sqlite3'] must be the better-sqlite3 module: import Database from 'better-sqlite3'"
      )
    )
})
