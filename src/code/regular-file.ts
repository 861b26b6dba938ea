import { constants, open } from 'node:fs/promises'

export interface FileText {
  readonly text: string
  /** When it was last changed, epoch milliseconds. */
  readonly changed: number
}

/**
 * The text of a regular file; undefined for what is none, cannot be read, has more bytes than `most`, or is not text. It is opened without
 * waiting: a FIFO that nobody writes to would hold one of the few threads that do all of the host's file work.
 */
export async function readRegularFile(path: string, most: number): Promise<FileText | undefined> {
  try {
    // Windows has no such flag, and no FIFOs among its files.
    const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    try {
      const stat = await file.stat()
      if (!stat.isFile() || stat.size > most) return undefined
      const bytes = Buffer.alloc(stat.size)
      const { bytesRead } = await file.read(bytes, 0, stat.size, 0)
      const text = bytes.subarray(0, bytesRead)
      return text.includes(0) ? undefined : { text: text.toString(), changed: stat.mtimeMs }
    } finally {
      await file.close()
    }
  } catch {
    return undefined
  }
}
