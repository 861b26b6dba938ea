import { version } from '../version.ts'
import { openInBrowser } from './browser.ts'
import type { Command } from './command.ts'
import type { OptionSpecs } from './options.ts'
import { ports } from './ports.ts'
import { type RunningHub, memoryOf, startHub, wantedPorts } from './start.ts'
import type { Terminal } from './terminal.ts'
import { exportLines } from './variables.ts'

const MiB = 2 ** 20
const defaultMemory = 256 * MiB

/** Options of whatever starts a hub. */
export const accessOptions: OptionSpecs = {
  host: { value: 'ADDRESS', help: 'listens there (127.0.0.1); anything else needs tokens' },
  'allowed-host': {
    value: 'NAME',
    help: 'a name it may be asked by, besides addresses; repeatable'
  },
  token: { value: 'TOKEN', help: 'what the page asks for (SPANLIGHT_TOKEN, or made once)' },
  'ingest-token': {
    value: 'TOKEN',
    help: 'what services send (SPANLIGHT_INGEST_TOKEN, or made once)'
  },
  memory: { value: 'SIZE', help: 'most that traces may take, 8MB to 512MB (256MB)' }
}

export const hubCommand: Command = {
  usage: 'hub [options]',
  summary: 'one page for the traces of many processes',
  details: `Takes spans of OpenTelemetry, Zipkin and others on their standard ports, and
shows them on one page. Everything is kept in memory, and gone when it ends.`,
  words: false,
  options: {
    ...Object.fromEntries(
      ports.map(({ option, name, standard }, at) => [
        option,
        {
          value: 'PORT',
          help: `for ${name} (${standard}); ${at === 0 ? '0 for any that is free' : '0 or off for none'}`
        }
      ])
    ),
    ...accessOptions,
    open: { help: 'opens the page in the browser' },
    quiet: { help: 'prints the address of the page and no more' }
  },
  async run(args, terminal, env) {
    const memory = memoryOf(args, defaultMemory)
    const running = await startHub(args, env, { memory, ports: wantedPorts(args) })
    if (args.has('quiet')) terminal.print(running.page)
    else introduce(running, memory, terminal)
    if (args.has('open')) openInBrowser(running.page, terminal)
  }
}

function introduce(running: RunningHub, memory: number, { print, paint }: Terminal): void {
  const { access, page, port, listeners } = running
  const row = (name: string, value: string, about: string): void => {
    print(`  ${paint('dim', name.padEnd(11))}${value.padEnd(29)} ${paint('dim', about)}`.trimEnd())
  }
  const open = listeners.filter(({ address }) => address !== '')
  const who =
    access.mode.mode === 'local' ? 'for this machine only' : `with tokens, since ${access.mode.why}`
  print(`${paint('bold', 'Spanlight')} ${version}, a hub: ${who}`)
  print('')
  row('Page', paint('cyan', page), '')
  for (const { name, address, about } of open) row(name, address, about)
  row('Memory', `at most ${Math.round(memory / MiB)} MB`, '')
  for (const { address, about } of listeners)
    if (address === '') print(`\n  ${paint('yellow', about)}`)
  print('')
  print('A service sends its traces here with OpenTelemetry and')
  print('')
  for (const line of exportLines(access, port, access.ingestToken)) print(`  ${line}`)
  print('')
  print(paint('dim', 'Waiting for traces. Ctrl-C ends it.'))
}
