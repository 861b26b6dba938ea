import type { Command } from './command.ts'
import { commonOptions, type OptionSpecs } from './options.ts'

const width = 34

export function helpOf(commands: Readonly<Record<string, Command>>): string {
  const list = Object.values(commands).map(({ usage, summary }) =>
    entry(`spanlight ${usage.replace(' [options]', '')}`, summary)
  )
  return `Usage: spanlight [command] [options]

${list.join('\n')}

spanlight COMMAND --help says more of each; spanlight alone is spanlight hub.

Examples:
${entry('spanlight --open', 'a hub, and its page in the browser')}
${entry('spanlight open x.json', 'the traces of a file')}
${entry("spanlight tail -q 'status:5xx'", 'what fails, as it happens')}

${optionList(commonOptions)}`
}

export function helpOfCommand({ usage, summary, details, options }: Command): string {
  return `Usage: spanlight ${usage}

${details || sentence(summary)}

${optionList({ ...options, ...commonOptions })}`
}

function optionList(options: OptionSpecs): string {
  const entries = Object.entries(options).map(([name, { value, short, help }]) => {
    const long = `--${name}${value === undefined ? '' : ` ${value}`}`
    return entry(short === undefined ? long : `-${short}, ${long}`, help)
  })
  return `Options:\n${entries.join('\n')}`
}

function entry(name: string, text: string): string {
  const head = `  ${name}`
  return head.length < width ? head.padEnd(width) + text : `${head}\n${' '.repeat(width)}${text}`
}

function sentence(text: string): string {
  return `${text[0]?.toUpperCase()}${text.slice(1)}.`
}
