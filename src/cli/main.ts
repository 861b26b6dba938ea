import { version } from '../version.ts'
import type { Command } from './command.ts'
import { Failure, misuse } from './failure.ts'
import { helpOf, helpOfCommand } from './help.ts'
import { hubCommand } from './hub-command.ts'
import { openCommand } from './open-command.ts'
import { commonOptions, readArguments } from './options.ts'
import { tailCommand } from './tail-command.ts'
import { createTerminal, type Terminal } from './terminal.ts'

const commands: Readonly<Record<string, Command>> = {
  hub: hubCommand,
  open: openCommand,
  tail: tailCommand
}

/** What `spanlight ...` does. It ends the process where a command fails or is told to. */
export async function main(words: readonly string[]): Promise<void> {
  endsAtOnce()
  const terminal = createTerminal()
  try {
    await run(words, terminal)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    terminal.complain(error.message)
    process.exit(error.exitCode)
  }
}

async function run(words: readonly string[], terminal: Terminal): Promise<void> {
  const named = words[0] !== undefined && !words[0].startsWith('-')
  const name = named ? (words[0] as string) : 'hub'
  const rest = named ? words.slice(1) : words
  if (!named && (rest.includes('--help') || rest.includes('-h')))
    return terminal.print(helpOf(commands))
  if (name === 'help') return terminal.print(helpOf(commands))
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command === undefined)
    throw misuse(`there is no command '${name}'; there is ${Object.keys(commands).join(', ')}`)
  const args = readArguments(rest, { ...command.options, ...commonOptions }, command.words)
  if (args.has('help')) return terminal.print(helpOfCommand(command))
  if (args.has('version')) return terminal.print(version)
  await command.run(args, terminal, process.env)
}

/** Nothing has to be saved. The first process of a container gets no default for these signals from the kernel. */
function endsAtOnce(): void {
  process.on('SIGINT', () => process.exit(130))
  process.on('SIGTERM', () => process.exit(143))
  // `spanlight tail | head`: who reads has read enough.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(0)
  })
}
