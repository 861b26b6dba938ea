import { parseArgs } from 'node:util'
import { misuse } from './failure.ts'

/** An option of a command, as it is read and as the help shows it. */
export interface OptionSpec {
  /** What stands for its value in the help; absent for a switch. */
  readonly value?: string
  readonly short?: string
  readonly help: string
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>

export interface Arguments {
  readonly words: readonly string[]
  /** The value of an option, the last one if it is given several times. */
  readonly value: (name: string) => string | undefined
  readonly values: (name: string) => readonly string[]
  readonly has: (name: string) => boolean
}

/** What every command knows. */
export const commonOptions: OptionSpecs = {
  help: { short: 'h', help: 'says what the command does and ends' },
  version: { help: 'prints the version and ends' }
}

/** Reads a command line; a misspelt option is an error, since it would be a wish that is silently not granted. */
export function readArguments(
  args: readonly string[],
  specs: OptionSpecs,
  allowWords: boolean
): Arguments {
  const options = Object.fromEntries(
    Object.entries(specs).map(([name, { value, short }]) => [
      name,
      {
        type: value === undefined ? ('boolean' as const) : ('string' as const),
        multiple: value !== undefined,
        ...(short !== undefined && { short })
      }
    ])
  )
  const { values, positionals } = parsed(args, options)
  if (!allowWords && positionals.length > 0)
    throw misuse(`'${positionals[0]}' is not understood; see spanlight --help`)
  const valuesOf = (name: string): readonly string[] => {
    const given = values[name]
    return Array.isArray(given) ? (given as string[]) : []
  }
  return {
    words: positionals,
    values: valuesOf,
    value: (name) => valuesOf(name).at(-1),
    has: (name) => values[name] === true
  }
}

function parsed(
  args: readonly string[],
  options: NonNullable<Parameters<typeof parseArgs>[0]>['options'] & object
): { values: Record<string, unknown>; positionals: string[] } {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    // Its first sentence names the option; the others are about its own API.
    const said = (error as Error).message.split(/\. |\n/, 1)[0] as string
    throw misuse(`${said}; see spanlight --help`)
  }
}

/** A port's number; 0 and `off` say that nothing is to listen there. */
export function portOf(args: Arguments, name: string, otherwise: number): number {
  const text = args.value(name)
  if (text === undefined) return otherwise
  if (text === 'off') return 0
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port
  throw misuse(`--${name} must be a port from 1 to 65535, or off`)
}
