import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { wrapNodeSqlite } from '../../../src/watch/databases/node-sqlite.ts'
import type { Watch } from '../../../src/watch/watch.ts'
import { keptBinary, nodeBinary } from '../../node-binaries.js'
import { type Recorder, record } from '../setup.ts'
import { type Database, descriptorsOf, describeStatements } from './sqlite-behaviour.ts'

interface Sqlite {
  DatabaseSync: new (file: string) => Database
  StatementSync: { prototype: object }
}

let recorder: Recorder
let watch: Watch
const sqlite = load()

function load(): Sqlite | undefined {
  try {
    return createRequire(import.meta.url)('node:sqlite') as Sqlite
  } catch {
    return undefined
  }
}

if (sqlite === undefined) runElsewhere()
else describe('node:sqlite', () => describeSqlite(sqlite))

/** This Node has no such module: the tests run on a newer one, where the matrix has fetched it; in CI, where none may be skipped, it is fetched. */
function runElsewhere(): void {
  const kept = ['24', '22'].map(keptBinary).find((path) => path !== undefined)
  const node = kept ?? (process.env['CI'] ? nodeBinary('24') : undefined)
  test.skipIf(node === undefined)('the tests of node:sqlite pass on a newer Node', async () => {
    const words = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/vitest.config.ts']
    const run = promisify(execFile)(
      node as string,
      [...words, 'test/watch/databases/node-sqlite.test.ts'],
      {
        cwd: join(import.meta.dirname, '../../..')
      }
    )
    expect((await run).stdout).toMatch(/Tests .* passed/)
  })
}

function describeSqlite({ DatabaseSync, StatementSync }: Sqlite): void {
  beforeEach(() => {
    recorder = record()
    watch = wrapNodeSqlite(recorder.setup, sqlite)
  })

  afterEach(() => {
    watch.stop()
    recorder.close()
  })

  describeStatements({
    recorder: () => recorder,
    open: (file = ':memory:') => new DatabaseSync(file),
    violation: '1555'
  })

  test('everything is as before once the watch has stopped', () => {
    const objects = [StatementSync.prototype, DatabaseSync.prototype]
    const wrapped = descriptorsOf(objects)
    watch.stop()
    const before = descriptorsOf(objects)
    for (const [at, names] of [
      ['run', 'get', 'all', 'iterate'],
      ['prepare', 'exec']
    ].entries())
      for (const name of names) {
        const was = before[at]?.[name] as TypedPropertyDescriptor<() => void>
        const is = wrapped[at]?.[name] as TypedPropertyDescriptor<() => void>
        expect(is.value).not.toBe(was.value)
        expect([is.value?.name, is.value?.length]).toEqual([was.value?.name, was.value?.length])
      }
    watch = wrapNodeSqlite(recorder.setup, sqlite)
    watch.stop()
    expect(descriptorsOf(objects)).toEqual(before)
  })
}

test('what is not the module is a mistake named', () => {
  for (const wrong of [undefined, null, 1, {}, { DatabaseSync: String }])
    expect(() => wrapNodeSqlite(record().setup, wrong)).toThrow(
      new TypeError(
        "instrument['node:sqlite'] must be the node:sqlite module: import * as sqlite from 'node:sqlite'"
      )
    )
})
