import type { Arguments, OptionSpecs } from './options.ts'
import type { Terminal } from './terminal.ts'

/** What `spanlight NAME` does. */
export interface Command {
  /** How it is written, without `spanlight`. */
  readonly usage: string
  /** One line for the list of commands. */
  readonly summary: string
  /** More lines for its own help; '' for none. */
  readonly details: string
  readonly options: OptionSpecs
  /** Whether words besides options mean something. */
  readonly words: boolean
  readonly run: (args: Arguments, terminal: Terminal, env: NodeJS.ProcessEnv) => Promise<void>
}
