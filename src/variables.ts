import type { Env, Warn } from './environment.ts'
import {
  bytesOf,
  ignoreOf,
  listenOf,
  millisecondsOf,
  oneOf,
  pathOf,
  ratioOf
} from './option-values.ts'
import type { TracingOptions } from './options.ts'

interface Variable {
  readonly option: keyof TracingOptions
  /** The text as the option takes it. */
  readonly read: (text: string) => unknown
  /** Throws where the option would; a list of texts is always one. */
  readonly check?: (value: never) => unknown
}

const text = (value: string): string => value
const list = (value: string): string[] =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
const word = (value: string): unknown => (/^(?:true|false)$/.test(value) ? value === 'true' : value)

/** What stands in for an option, for processes whose code is not to be touched. Access and tokens have theirs beside their rules. */
const variables: Readonly<Record<string, Variable>> = {
  SPANLIGHT_PATH: { option: 'path', read: text, check: pathOf },
  SPANLIGHT_MEMORY: { option: 'memory', read: text, check: bytesOf },
  SPANLIGHT_SLOW: { option: 'slow', read: text, check: millisecondsOf },
  SPANLIGHT_SAMPLE: { option: 'sample', read: Number, check: ratioOf },
  SPANLIGHT_IGNORE: { option: 'ignore', read: list, check: ignoreOf },
  SPANLIGHT_LISTEN: { option: 'listen', read: portAndHost, check: listenOf },
  SPANLIGHT_ALLOWED_HOSTS: {
    option: 'allowedHosts',
    read: list
  },
  SPANLIGHT_ALLOWED_ORIGINS: {
    option: 'allowedOrigins',
    read: list
  },
  SPANLIGHT_TRUST_INCOMING: {
    option: 'trustIncoming',
    read: word,
    check: (value) => oneOf('trustIncoming', value, [true, false, 'private'])
  }
}

/** `4319` or `0.0.0.0:4319`. */
function portAndHost(value: string): { port: number; host?: string } {
  const at = value.lastIndexOf(':')
  const port = Number(value.slice(at + 1))
  return at < 0 ? { port } : { port, host: value.slice(0, at).replace(/^\[|\]$/g, '') }
}

/** What the environment gives of options that are not given in code; what cannot be used is said, and left out. */
export function optionsFrom(env: Env, given: TracingOptions, warn: Warn): object {
  const options: Record<string, unknown> = {}
  for (const [name, { option, read, check }] of Object.entries(variables)) {
    const said = env[name]?.trim()
    if (said === undefined || said === '' || given[option] !== undefined) continue
    try {
      const value = read(said)
      check?.(value as never)
      options[option] = value
    } catch (error) {
      // The same words as the option's, of which the variable is another name.
      warn((error as Error).message.replace(/^.*?option '[^']*'/, `${name} is not used: it`))
    }
  }
  return options
}
