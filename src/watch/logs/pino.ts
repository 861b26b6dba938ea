import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { get } from '../../span/exception.ts'
import { handedModule } from '../loaded.ts'
import { ownerOf, wrapMethod } from '../patch.ts'
import { type PinoCall, readPinoLine } from './pino-line.ts'
import {
  claim,
  claimObject,
  type Watch,
  type WatchSetup,
  watchedElsewhere,
  watchWrapped
} from '../watch.ts'

const channel = 'tracing:pino_asJson:end'

/**
 * Follows pino from 9.10 on, which tells of each line that it has made; a line of a level that is off is none. `onFirst` is told when the first
 * one comes. Gives the way back; undefined when another copy of the package follows it already.
 */
export function followPino(setup: WatchSetup, onFirst: () => void): (() => void) | undefined {
  const release = claim('pino')
  if (release === undefined) return undefined
  let seen = false
  const listener = (told: unknown): void => {
    setup.guard(() => {
      const line = get(told, 'result')
      const args = get(told, 'arguments')
      const logger = get(told, 'instance')
      // Nothing was made: a formatter of the host has thrown. Or it is not pino that tells: a channel is anybody's.
      if (typeof line !== 'string' || typeof logger !== 'object' || logger === null) return
      if (!seen) {
        seen = true
        onFirst()
      }
      keep(setup, { logger, message: get(args, '1'), level: get(args, '2'), line })
    })
  }
  subscribe(channel, listener)
  return () => {
    unsubscribe(channel, listener)
    release()
  }
}

/** What is read of a pino module, CommonJS or ESM namespace. */
type PinoModule = ((options: object, stream: object) => object) & {
  readonly symbols: { readonly asJsonSym: symbol }
}

/**
 * Watches an older pino that the user hands over. All its loggers, those that were made before included, share a prototype with the method
 * that makes a line.
 * @throws TypeError when the value is not the pino module
 */
export function wrapPino(setup: WatchSetup, module: unknown): Watch {
  const pino = handedModule<PinoModule>(
    module,
    ({ symbols }) => typeof symbols?.asJsonSym === 'symbol'
  )
  const prototype = pino && prototypeOf(pino)
  if (prototype === undefined)
    throw new TypeError("instrument.pino must be the pino module: import pino from 'pino'")
  const release = claimObject(prototype)
  if (release === undefined) return watchedElsewhere('pino')
  const undo = wrapMethod(prototype, pino?.symbols.asJsonSym ?? '', (original, self, args) => {
    const before = setup.lines.fromLoggers
    const line = Reflect.apply(original, self, args)
    // A newer pino has told of it already.
    if (typeof line === 'string' && setup.lines.fromLoggers === before)
      setup.guard(() =>
        keep(setup, { logger: self as object, message: args[1], level: args[2], line })
      )
    return line
  })
  return watchWrapped({
    name: 'pino',
    on: undo !== undefined,
    how: 'instrument: { pino }',
    frozen: "pino's prototype is frozen",
    undo: [undo],
    release
  })
}

function keep(setup: WatchSetup, call: PinoCall): void {
  setup.lines.fromLoggers++
  setup.lines.wrote(call.line)
  setup.lines.record(setup, (span) => readPinoLine(setup, call, span))
}

/** Only a logger leads to the prototype: one is made that writes nothing. */
function prototypeOf(pino: PinoModule): object | undefined {
  return ownerOf(pino({ level: 'silent' }, { write() {} }), pino.symbols.asJsonSym)
}
