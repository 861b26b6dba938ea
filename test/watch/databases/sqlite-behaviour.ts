import { expect, test } from 'vitest'
import type { Kept, Recorder } from '../setup.ts'

/** What both SQLite libraries have alike. */
export interface Database {
  exec(sql: string): unknown
  prepare(sql: string): Statement
  close(): void
}

export interface Statement {
  run(...values: unknown[]): { changes: number | bigint }
  get(...values: unknown[]): unknown
  all(...values: unknown[]): unknown[]
  iterate(...values: unknown[]): IterableIterator<unknown>
}

export interface Setup {
  recorder(): Recorder
  open(file?: string): Database
  /** What names the violation of a key. */
  readonly violation: string
}

/** The tests of what is recorded of statements, whatever runs them. */
export function describeStatements({ recorder, open, violation }: Setup): void {
  const request = (work: (database: Database) => void): Promise<Kept[]> =>
    inRequest(recorder(), () => {
      const database = open()
      work(database)
      database.close()
    })

  test('each way to run a statement is a span, its rows counted and its literals hidden', async () => {
    const spans = await request((database) => {
      database.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT DEFAULT 'canary')")
      const insert = database.prepare('INSERT INTO t VALUES (?, ?)')
      expect(insert.run(1, 'canary').changes).toBe(1)
      expect(insert.run(2, 'canary').changes).toBe(1)
      const read = database.prepare("SELECT id FROM t WHERE name <> 'canary!'")
      expect(read.get()).toEqual({ id: 1 })
      expect(read.all()).toHaveLength(2)
      expect(database.prepare('SELECT id FROM t WHERE id = 3').get()).toBeUndefined()
    })
    expect(
      spans.map(({ name, attributes }) => [name, attributes['db.response.returned_rows']])
    ).toEqual([
      ['CREATE TABLE t', undefined],
      ['INSERT t', undefined],
      ['INSERT t', undefined],
      ['SELECT t', 1],
      ['SELECT t', 2],
      ['SELECT t', 0]
    ])
    expect(spans[3]).toMatchObject({ kind: 2, status: 0 })
    expect(spans[3]?.attributes).toMatchObject({
      'db.system.name': 'sqlite',
      'db.operation.name': 'SELECT',
      'db.collection.name': 't',
      'db.query.summary': 'SELECT t',
      'db.query.text': 'SELECT id FROM t WHERE name <> ?'
    })
    expect(JSON.stringify(spans)).not.toContain('canary')
  })

  test('rows that are gone through one by one are one span, to the last or until the host has enough', async () => {
    const spans = await request((database) => {
      database.exec('CREATE TABLE t (id INTEGER)')
      for (let id = 0; id < 5; id++) database.exec('INSERT INTO t VALUES (1)')
      const read = database.prepare('SELECT id FROM t')
      expect([...read.iterate()]).toHaveLength(5)
      for (const row of read.iterate()) {
        expect(row).toEqual({ id: 1 })
        break
      }
    })
    const rows = spans
      .filter(({ name }) => name === 'SELECT t')
      .map(({ attributes }) => attributes['db.response.returned_rows'])
    expect(rows).toEqual([5, 1])
  })

  test("an error is the host's, and named by SQLite", async () => {
    const spans = await request((database) => {
      database.exec('CREATE TABLE t (id INTEGER PRIMARY KEY)')
      const insert = database.prepare('INSERT INTO t VALUES (?)')
      insert.run(1)
      expect(() => insert.run(1)).toThrow('UNIQUE constraint failed: t.id')
      expect(() => database.exec('SELECT canary FROM missing')).toThrow('no such table')
      expect(() => database.prepare('SELECT 1').run('canary')).toThrow()
    })
    const failed = spans.filter(({ status }) => status === 2)
    expect(failed).toHaveLength(3)
    expect(failed[0]).toMatchObject({
      name: 'INSERT t',
      statusMessage: 'UNIQUE constraint failed: t.id',
      attributes: { 'db.response.status_code': violation, 'error.type': violation }
    })
    expect(failed[1]?.name).toBe('SELECT missing')
  })

  test('a statement outside of any request is not recorded, and works', async () => {
    const database = open()
    database.exec('CREATE TABLE t (id INTEGER)')
    expect(database.prepare('SELECT id FROM t').all()).toEqual([])
    database.close()
    expect(recorder().spans).toEqual([])
  })
}

/** The spans below a request that does the work. */
export async function inRequest(recorder: Recorder, work: () => void): Promise<Kept[]> {
  await recorder.inRequest('request', async () => work())
  const [request] = await recorder.wait('request')
  const spans = recorder.spans.filter((span) => span !== request)
  expect(spans.filter(({ traceId }) => traceId !== request?.traceId)).toEqual([])
  return spans
}

/** The own properties of each object as they are now, to be compared with those of later. */
export function descriptorsOf(objects: readonly object[]): PropertyDescriptorMap[] {
  return objects.map((object) => Object.getOwnPropertyDescriptors(object))
}
