import { realpath } from 'node:fs/promises'
import { relative, sep } from 'node:path'
import type { Excerpt } from '../wire/source.ts'
import { readRegularFile } from './regular-file.ts'

const maxBytes = 2 ** 20
const maxLength = 400
/** Lines before and after the one that is asked for. */
const around = 3

/**
 * Lines of the project's source files. Paths come out of recorded stacks, and what stands in a stack can be a stranger's text: so it is a file
 * of code by its name, inside of the project before and after every link is followed, and nothing hidden or of a dependency.
 */
export class Excerpts {
  readonly #root: string
  readonly #started: number

  /** `started`: when this process was, epoch milliseconds. */
  constructor(root: string, started: number) {
    this.#root = root
    this.#started = started
  }

  /** Lines around a line; null where nothing may or can be shown. */
  async around(path: string, line: number): Promise<Excerpt | null> {
    const real = await this.#allowed(path)
    const file = real === undefined ? undefined : await readRegularFile(real, maxBytes)
    const lines = file?.text.split(/\r?\n/) ?? []
    if (file === undefined || lines[line - 1] === undefined) return null
    const first = Math.max(1, line - around)
    return {
      first,
      lines: lines.slice(first - 1, line + around).map((text) => text.slice(0, maxLength)),
      changed: file.changed > this.#started
    }
  }

  async #allowed(path: string): Promise<string | undefined> {
    try {
      // First as it is written: on Windows, asking for `\\host\share` would already sign in there.
      if (!isShown(relative(this.#root, path))) return undefined
      const real = await realpath(path)
      return isShown(relative(await realpath(this.#root), real)) ? real : undefined
    } catch {
      return undefined
    }
  }
}

const code = /\.(?:[cm]?[jt]sx?|vue|svelte|astro)$/i

/** `path` is relative to the project. Names are compared without case: some file systems do so, too. */
function isShown(path: string): boolean {
  const names = path.toLowerCase().split(sep)
  // Hidden files, `..`, and `d:` on another drive of Windows.
  const odd = names.some((name) => name === '' || name.startsWith('.') || name.includes(':'))
  return !odd && !names.includes('node_modules') && code.test(path)
}
