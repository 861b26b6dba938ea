import { activeContext, type Context, runIn } from '../../context/context.ts'
import { handedModule } from '../loaded.ts'
import { ownerOf, wrapInherited, wrapMethod } from '../patch.ts'
import {
  claimObject,
  type Watch,
  type WatchSetup,
  watchedElsewhere,
  watchWrapped
} from '../watch.ts'
import { errorOf, levelKey, readWinstonLine, type WinstonInfo } from './winston-line.ts'

/** What is read of a winston module, CommonJS or ESM namespace. */
interface WinstonModule {
  readonly createLogger: (options: object) => object
  readonly format: unknown
}

/** What is read of a logger. */
interface WinstonLogger {
  readonly levels?: unknown
  isLevelEnabled?: (level: unknown) => boolean
}

/**
 * Watches the winston module that the user hands over, from 3.3 on. A line is read where it leaves its logger's format for the transports;
 * all loggers, child loggers and those that were made before included, do so by methods that they share.
 * @throws TypeError when the value is not the winston module
 */
export function wrapWinston(setup: WatchSetup, module: unknown): Watch {
  const winston = handedModule<WinstonModule>(
    module,
    ({ createLogger, format }) => typeof createLogger === 'function' && typeof format === 'function'
  )
  const prototype = winston && prototypeOf(winston)
  if (prototype === undefined)
    throw new TypeError(
      "instrument.winston must be the winston module: import winston from 'winston'"
    )
  const release = claimObject(prototype)
  if (release === undefined) return watchedElsewhere('winston')
  const undo = wrapLogger(setup, prototype)
  return watchWrapped({
    name: 'winston',
    on: undo.every((restore) => restore !== undefined),
    how: 'instrument: { winston }',
    frozen: "the prototype of winston's loggers is frozen",
    undo,
    release
  })
}

/** Older versions do not export the class of all loggers: one that writes nothing is made. */
function prototypeOf(winston: WinstonModule): object | undefined {
  return ownerOf(winston.createLogger({ silent: true }), '_transform')
}

/**
 * A line comes in by `write`, goes through the logger's format in `_transform` and on to the transports by `push`: all in one call, unless
 * a transport is slow. Then it waits, and whoever makes room calls `_transform`, in a context that is not the line's.
 */
function wrapLogger(setup: WatchSetup, prototype: object): ((() => void) | undefined)[] {
  const waiting = new WeakMap<object, Context>()
  let written: unknown
  let error: Error | undefined
  const write = wrapInherited(prototype, 'write', (original, self, args) => {
    const before = written
    const info = (written = args[0])
    try {
      return Reflect.apply(original, self, args)
    } finally {
      if (written === info && typeof info === 'object' && info !== null)
        waiting.set(info, activeContext())
      written = before
    }
  })
  const transform = wrapMethod(prototype, '_transform', (original, self, args) => {
    const info = args[0] as object
    if (written === info) written = undefined
    const before = error
    error = setup.guard(() => errorOf(info as WinstonInfo))
    const context = waiting.get(info)
    try {
      if (context === undefined) return Reflect.apply(original, self, args)
      waiting.delete(info)
      return runIn(context, () => Reflect.apply(original, self, args))
    } finally {
      error = before
    }
  })
  const push = wrapInherited(prototype, 'push', (original, self, args) => {
    const info = args[0] as WinstonInfo | null
    setup.guard(() => keep(setup, self as WinstonLogger, info, error))
    return setup.lines.writing(() => Reflect.apply(original, self, args))
  })
  return [write, transform, push]
}

// A format may leave a line out; each transport leaves out what is below its level.
function keep(
  setup: WatchSetup,
  logger: WinstonLogger,
  info: WinstonInfo | null,
  error: Error | undefined
): void {
  if (typeof info !== 'object' || info === null) return
  if (logger.isLevelEnabled?.(info[levelKey]) === false) return
  setup.lines.fromLoggers++
  const { levels } = logger
  setup.lines.record(setup, (span) => readWinstonLine(setup, { info, error, levels }, span))
}
