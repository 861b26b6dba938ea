import { activeContext } from '../../context/context.ts'
import { Span } from '../../span/span.ts'
import { type DatabaseSpan, type DescribedCall, describeCall, startDescribed } from './database.ts'
import { overlayMethod, type StandIn, wrapMethod } from '../patch.ts'
import type { WatchSetup } from '../watch.ts'

/** What the two SQLite libraries have in common. */
export interface SqliteLibrary {
  /** The text that a statement was prepared from. */
  textOf(statement: object): string
  /** The file of the database that prepared it. */
  fileOf(statement: object): string | undefined
  /** What is told of a database's own method. */
  databaseFileOf(database: object): string | undefined
}

type Undo = (() => void) | undefined
type Rows = (result: unknown) => number | undefined

/**
 * Spans of statements that SQLite runs at once, in this thread. A `get` of a row in memory takes 2 us: so a statement is read once, and only
 * where a span is active; a script that runs a million of them makes no million traces.
 */
export class SqliteCalls {
  readonly #setup: WatchSetup
  readonly #library: SqliteLibrary
  readonly #statements = new WeakMap<object, DescribedCall>()

  constructor(setup: WatchSetup, library: SqliteLibrary) {
    this.#setup = setup
    this.#library = library
  }

  /** Wraps the methods that all statements share. */
  wrapStatement(prototype: object): Undo[] {
    return [
      wrapMethod(prototype, 'run', this.#method(noRows)),
      wrapMethod(prototype, 'get', this.#method(oneRow)),
      wrapMethod(prototype, 'all', this.#method(allRows)),
      wrapMethod(prototype, 'iterate', (original, self, args) => {
        const call = this.#begin(self as object, args)
        const result = this.#run(call, original, self, args)
        if (call === undefined) return result
        return this.#setup.guard(() => this.#iterated(call, result)) ?? result
      })
    ]
  }

  /** Wraps a database's `exec`, whose text is run as it is. */
  wrapExec(prototype: object): Undo {
    return wrapMethod(prototype, 'exec', (original, self, args) => {
      const call = this.#setup.guard(() => {
        if (!isRecording() || typeof args[0] !== 'string') return undefined
        const file = this.#library.databaseFileOf(self as object)
        return startDescribed(this.#setup, this.#describe(args[0], file, false))
      })
      const result = this.#run(call, original, self, args)
      this.#succeed(call, noRows, result)
      return result
    })
  }

  #method(rows: Rows): StandIn {
    return (original, self, args) => {
      const call = this.#begin(self as object, args)
      const result = this.#run(call, original, self, args)
      this.#succeed(call, rows, result)
      return result
    }
  }

  #succeed(call: DatabaseSpan | undefined, rows: Rows, result: unknown): void {
    if (call === undefined) return
    try {
      call.succeed(rows(result))
    } catch (error) {
      this.#setup.guard.failed(error)
    }
  }

  // By hand instead of in the guard, whose closure would cost as much as the rest.
  #begin(statement: object, args: readonly unknown[]): DatabaseSpan | undefined {
    if (!this.#setup.guard.on) return undefined
    try {
      if (!isRecording()) return undefined
      let described = this.#statements.get(statement)
      if (described === undefined) {
        const text = this.#library.textOf(statement)
        described = this.#describe(text, this.#library.fileOf(statement), args.length > 0)
        this.#statements.set(statement, described)
      }
      return startDescribed(this.#setup, described)
    } catch (error) {
      this.#setup.guard.failed(error)
      return undefined
    }
  }

  #describe(statement: string, file: string | undefined, parameterised: boolean): DescribedCall {
    return describeCall(this.#setup, {
      system: 'sqlite',
      dialect: 'sqlite',
      statement,
      parameterised,
      namespace: file
    })
  }

  // The host's call is outside every guard; what it throws is the host's.
  #run(
    call: DatabaseSpan | undefined,
    original: (...args: unknown[]) => unknown,
    self: unknown,
    args: unknown[]
  ): unknown {
    if (call === undefined) return Reflect.apply(original, self, args)
    try {
      return Reflect.apply(original, self, args)
    } catch (error) {
      this.#setup.guard(() => call.fail(error, resultCode(error)))
      throw error
    }
  }

  /** Rows are read while the host goes through them: the span ends with the last, or when the host has enough. */
  #iterated(call: DatabaseSpan, iterator: unknown): unknown {
    const { guard } = this.#setup
    let rows = 0
    overlayMethod(iterator as object, 'next', (original, self, args) => {
      const step = this.#run(call, original, self, args)
      guard(() => {
        if ((step as IteratorResult<unknown>).done === true) call.succeed(rows)
        else rows++
      })
      return step
    })
    overlayMethod(iterator as object, 'return', (original, self, args) => {
      guard(() => call.succeed(rows))
      return Reflect.apply(original, self, args)
    })
    return iterator
  }
}

function isRecording(): boolean {
  const { span } = activeContext()
  return span instanceof Span && span.isRecording()
}

function noRows(): undefined {}

function oneRow(result: unknown): number {
  return result === undefined ? 0 : 1
}

function allRows(result: unknown): number | undefined {
  return Array.isArray(result) ? result.length : undefined
}

/** The name (`SQLITE_CONSTRAINT_UNIQUE`) of better-sqlite3, the number of node:sqlite. */
export function resultCode(error: unknown): string | undefined {
  const { code, errcode } = (error ?? {}) as { code?: unknown; errcode?: unknown }
  if (typeof errcode === 'number') return String(errcode)
  return typeof code === 'string' && code.startsWith('SQLITE_') ? code : undefined
}
