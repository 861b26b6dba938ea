import { basename } from 'node:path'
import { wrapMethod } from '../patch.ts'
import { SqliteCalls } from './sqlite.ts'
import { claimObject, type Watch, type WatchSetup, watchedElsewhere } from '../watch.ts'

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
  const sqlite = readModule(module)
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
  const on = undo[0] !== undefined
  return {
    instrumented: {
      name: 'node:sqlite',
      on,
      how: on ? "instrument: { 'node:sqlite': sqlite }" : 'its StatementSync is frozen'
    },
    stop() {
      for (const restore of undo) restore?.()
      release()
    }
  }
}

function readModule(module: unknown): SqliteModule | undefined {
  const candidate = module as
    | Partial<Record<'DatabaseSync' | 'StatementSync', { prototype?: object }>>
    | null
    | undefined
  const classes = [candidate?.DatabaseSync?.prototype, candidate?.StatementSync?.prototype]
  return classes.every((prototype) => typeof prototype === 'object')
    ? (candidate as SqliteModule)
    : undefined
}

function fileOf(database: object): string | undefined {
  const location = (database as Database).location?.()
  return location ? basename(location) : undefined
}
