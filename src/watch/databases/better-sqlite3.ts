import { basename } from 'node:path'
import { activeContext, rootContext, runIn } from '../../context/context.ts'
import { get } from '../../span/exception.ts'
import { Span } from '../../span/span.ts'
import { failSpan } from './database.ts'
import { handedModule } from '../loaded.ts'
import { wrapMethod } from '../patch.ts'
import { resultCode, SqliteCalls } from './sqlite.ts'
import {
  claimObject,
  type Watch,
  type WatchSetup,
  watchedElsewhere,
  watchWrapped
} from '../watch.ts'

interface Statement {
  readonly source: string
  readonly database?: Database
}

interface Database {
  readonly name?: string
}

interface Module {
  readonly prototype: object
}

type Run = (this: unknown, ...args: unknown[]) => unknown

/** The ways to run a transaction function; each has all of them as properties. */
const variants = ['default', 'deferred', 'immediate', 'exclusive'] as const

/**
 * Watches the `better-sqlite3` module that the user hands over: a span for each statement that is run, and around each transaction function.
 * @throws TypeError when the value is not the module
 */
export function wrapBetterSqlite3(setup: WatchSetup, module: unknown): Watch {
  const prototype = handedModule<Module>(module, isDatabase)?.prototype
  if (prototype === undefined) {
    throw new TypeError(
      "instrument['better-sqlite3'] must be the better-sqlite3 module: import Database from 'better-sqlite3'"
    )
  }
  const release = claimObject(prototype)
  if (release === undefined) return watchedElsewhere('better-sqlite3')
  const calls = new SqliteCalls(setup, {
    textOf: (statement) => (statement as Statement).source,
    fileOf: (statement) => fileOf((statement as Statement).database),
    databaseFileOf: (database) => fileOf(database)
  })
  let statements: object | undefined
  let watching = true
  const undo = [
    // The addon's class of statements is exported nowhere: it is known when the first one has been made.
    wrapMethod(prototype, 'prepare', (original, self, args) => {
      const statement = Reflect.apply(original, self, args)
      if (statements === undefined)
        setup.guard(() => {
          statements = Object.getPrototypeOf(statement) as object
          undo.push(...calls.wrapStatement(statements))
        })
      return statement
    }),
    calls.wrapExec(prototype),
    wrapMethod(prototype, 'transaction', (original, self, args) => {
      const run = Reflect.apply(original, self, args)
      return setup.guard(() => followTransaction(setup, run as Run, begin)) ?? run
    })
  ]
  function begin(): Span | undefined {
    // The host keeps the functions for longer than they are watched.
    const context = watching ? activeContext() : rootContext
    if (!(context.span instanceof Span)) return undefined
    const span = setup.tracer.start('sqlite transaction', { named: true }, context)
    return span instanceof Span ? span : undefined
  }
  return watchWrapped({
    name: 'better-sqlite3',
    on: undo[0] !== undefined,
    how: "instrument: { 'better-sqlite3': Database }",
    frozen: 'its Database is frozen',
    undo,
    release() {
      watching = false
      release()
    }
  })
}

function isDatabase(candidate: Partial<Module>): boolean {
  if (typeof candidate !== 'function') return false
  const { prototype } = candidate
  return (
    typeof get(prototype, 'prepare') === 'function' &&
    typeof get(prototype, 'pragma') === 'function'
  )
}

function fileOf(database: Database | undefined): string | undefined {
  return database?.name ? basename(database.name) : undefined
}

/** A transaction function like the given one, with the same properties, whose statements stand below a span of their own. */
function followTransaction(setup: WatchSetup, run: Run, begin: () => Span | undefined): Run {
  const properties = Object.getOwnPropertyDescriptors(run) as Record<string, PropertyDescriptor>
  const followed = variants.map((name) => follow(setup, properties[name]?.value as Run, begin))
  for (const one of followed) {
    for (const [name, property] of Object.entries(properties)) {
      const at = variants.findIndex((variant) => variant === name)
      Object.defineProperty(one, name, at < 0 ? property : { ...property, value: followed[at] })
    }
  }
  return followed[0] as Run
}

function follow(setup: WatchSetup, variant: Run, begin: () => Span | undefined): Run {
  return function sqliteTransaction(...args) {
    const span = setup.guard(begin)
    if (span === undefined) return Reflect.apply(variant, this, args)
    let result: unknown
    try {
      const context = activeContext().withSpan(span)
      result = runIn(context, () => Reflect.apply(variant, this, args))
    } catch (error) {
      setup.guard(() => {
        span.put('spanlight.transaction', 'rollback')
        failSpan(span, error, resultCode(error))
      })
      throw error
    }
    span.put('spanlight.transaction', 'commit')
    span.end()
    return result
  }
}
