import { spawn } from 'node:child_process'
import type { Terminal } from './terminal.ts'

const openers: Readonly<Record<string, readonly [string, ...string[]]>> = {
  darwin: ['open'],
  // Not `start`, which is the shell's and would read an ampersand as its own.
  win32: ['rundll32', 'url.dll,FileProtocolHandler']
}

/** Opens an address of ours; where there is no browser, that is said and nothing else happens. */
export function openInBrowser(address: string, terminal: Terminal): void {
  const [program, ...words] = openers[process.platform] ?? ['xdg-open']
  const failed = (): void =>
    terminal.complain(`no browser could be opened; the page is at ${address}`)
  const child = spawn(program, [...words, address], { stdio: 'ignore', detached: true })
  child.on('error', failed)
  child.on('exit', (code) => code !== 0 && failed())
  child.unref()
}
