import { visible } from '../base/report.ts'

/** Where the command line writes. */
export interface Terminal {
  /** Lines on standard output, as they are. */
  readonly print: (text: string) => void
  /** One line on standard error, made visible: it may quote what a file or another process said. */
  readonly complain: (line: string) => void
  /** Paints text on a terminal that wants colours, and gives it back as it is elsewhere. */
  readonly paint: (colour: Colour, text: string) => string
  /** Characters in a line; undefined where it is no terminal. */
  readonly columns: number | undefined
}

export type Colour = keyof typeof codes

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const

type Output = Pick<NodeJS.WriteStream, 'write' | 'isTTY' | 'columns'>

export function createTerminal(
  out: Output = process.stdout,
  err: Pick<Output, 'write'> = process.stderr,
  env: NodeJS.ProcessEnv = process.env
): Terminal {
  // https://no-color.org: whatever its value, unless that is empty.
  const colours = out.isTTY && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
  return {
    print: (text) => void out.write(`${text}\n`),
    complain: (line) => void err.write(`spanlight: ${visible(line)}\n`),
    paint: (colour, text) => (colours ? `\u001b[${codes[colour]}m${text}\u001b[0m` : text),
    columns: out.isTTY ? out.columns : undefined
  }
}
