import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'

/** The user's directory, as the clouds' own tools understand it. */
export function home(env: Readonly<Record<string, string | undefined>>): string {
  return env['HOME'] || env['USERPROFILE'] || homedir()
}

/** A file's text; undefined where there is none. */
export async function fileText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new Error(`${path} cannot be read (${code})`, { cause: error })
  }
}
