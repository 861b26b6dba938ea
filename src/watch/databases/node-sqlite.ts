import { basename } from 'node:path'
import { handedModule } from '../loaded.ts'
import { wrapMethod } from '../patch.ts'
import { SqliteCalls } from './sqlite.ts'
import {
  claimObject,
  type Watch,
  type WatchSetup,
  watchedElsewhere,
  watchWrapped
} from '../watch.ts'

interface SqliteModule {
  readonly DatabaseSync: { readonly prototype: object }
  readonly StatementSync: { readonly prototype: object }
}

interface Statement {
  readonly sourceSQL: string
}

interface Database {
  /** Newer than the rest of the module. */
  location?(): string | null
}

/**
 * Watches Node's own `node:sqlite` that the user hands over: a span for each statement that is run.
 * @throws TypeError when the value is not the module
 */
export function wrapNodeSqlite(setup: WatchSetup, module: unknown): Watch {
  const sqlite = handedModule<SqliteModule>(module, ({ DatabaseSync, StatementSync }) =>
    [DatabaseSync, StatementSync].every((one) => typeof one?.prototype === 'object')
  )
  if (sqlite === undefined) {
    throw new TypeError(
      "instrument['node:sqlite'] must be the node:sqlite module: import * as sqlite from 'node:sqlite'"
    )
  }
  const { DatabaseSync, StatementSync } = sqlite
  const release = claimObject(StatementSync.prototype)
  if (release === undefined) return watchedElsewhere('node:sqlite')
  // A statement does not tell whose it is.
  const files = new WeakMap<object, string>()
  const calls = new SqliteCalls(setup, {
    textOf: (statement) => (statement as Statement).sourceSQL,
    fileOf: (statement) => files.get(statement),
    databaseFileOf: fileOf
  })
  const undo = [
    ...calls.wrapStatement(StatementSync.prototype),
    calls.wrapExec(DatabaseSync.prototype),
    wrapMethod(DatabaseSync.prototype, 'prepare', (original, self, args) => {
      const statement = Reflect.apply(original, self, args)
      setup.guard(() => {
        const file = fileOf(self as object)
        if (file !== undefined) files.set(statement as object, file)
      })
      return statement
    })
  ]
  return watchWrapped({
    name: 'node:sqlite',
    on: undo[0] !== undefined,
    how: "instrument: { 'node:sqlite': sqlite }",
    frozen: 'its StatementSync is frozen',
    undo,
    release
  })
}

function fileOf(database: object): string | undefined {
  const location = (database as Database).location?.()
  return location ? basename(location) : undefined
}
