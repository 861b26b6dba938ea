import {
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  type Stats,
  unlinkSync
} from 'node:fs'
import { connect, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A directory that is not what it should be, or an address that is too long: then there is no family. */
export class NoMeetingPoint extends Error {}

const windows = process.platform === 'win32'
/** Of `sun_path`, less one: macOS has 104, Linux 108. What is longer is silently cut. */
const maxAddress = 103

/**
 * The address at which a family's keeper listens: a socket in a directory that nobody else may enter, on Windows a named pipe.
 *
 * The keeper binds its socket to a name of its own and links it to the family's, which fails when there is one: so of two that race one
 * wins. Bound to the family's name, it would be deleted by libuv with whoever closes last, be it the one whose place was taken.
 */
export class MeetingPoint {
  readonly address: string
  readonly #directory: string
  #own: Stats | undefined

  /** `name` begins with the id of the process that all of the family end with. Throws NoMeetingPoint. */
  constructor(name: string) {
    if (windows) {
      this.#directory = ''
      this.address = `\\\\.\\pipe\\spanlight-${name}`
      return
    }
    this.#directory = ownDirectory()
    this.address = join(this.#directory, `${name}.sock`)
    if (Buffer.byteLength(this.address) > maxAddress)
      throw new NoMeetingPoint(`${this.#directory} is too long for a socket's address`)
  }

  /** Whose socket is there now; undefined when there is none. */
  stat(): Stats | undefined {
    return windows ? undefined : lstatSync(this.address, { throwIfNoEntry: false })
  }

  /** Has the server listen there. False when somebody else is. */
  async claim(server: Server): Promise<boolean> {
    const path = windows
      ? this.address
      : join(this.#directory, `${process.pid}.${Math.random().toString(36).slice(2, 8)}`)
    // Exclusive: a cluster's worker would ask its primary to listen for it, and share the socket with all others.
    const listening = await listen(server, path)
    if (!listening || windows) return listening
    const own = lstatSync(path)
    try {
      linkSync(path, this.address)
      this.#own = own
      // Others may sweep at the same time.
      this.#sweep().catch(() => {})
      return true
    } catch (error) {
      server.close()
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
      throw error
    } finally {
      // Closing the server has taken it away already.
      rmSync(path, { force: true })
    }
  }

  /** Takes away a socket that nobody answers at. One that was put there since it was seen is put back. */
  remove(seen: Stats): void {
    if (windows) return
    const aside = `${this.address}.${process.pid}`
    try {
      renameSync(this.address, aside)
      if (!same(lstatSync(aside), seen)) linkSync(aside, this.address)
    } catch (error) {
      if (!isMissing(error)) throw error
      return
    }
    unlinkSync(aside)
  }

  /** Whether what the server claimed is still there. It is not when others gave the keeper up, or when a cleaner of old files came by. */
  get held(): boolean {
    if (windows) return true
    const there = this.stat()
    return there !== undefined && this.#own !== undefined && same(there, this.#own)
  }

  leave(): void {
    if (!windows && this.held) unlinkSync(this.address)
    this.#own = undefined
  }

  // Families whose processes were killed leave their sockets behind.
  async #sweep(): Promise<void> {
    for (const file of readdirSync(this.#directory)) {
      const pid = /^(\d+)[-.]/.exec(file)?.[1]
      if (pid === undefined || isAlive(Number(pid))) continue
      const path = join(this.#directory, file)
      // Another container's process is not seen from here, but answers.
      if ((await knock(path)) === 'refused') unlinkSync(path)
    }
  }
}

/** What is at an address: 'refused' where nobody listens any more, 'absent' where nothing is. */
export function knock(address: string): Promise<'open' | 'refused' | 'absent'> {
  return new Promise((resolve) => {
    const socket = connect(address)
    socket.unref()
    socket.on('connect', () => {
      socket.destroy()
      resolve('open')
    })
    socket.on('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'ECONNREFUSED' ? 'refused' : 'absent')
    )
  })
}

function ownDirectory(): string {
  const uid = process.getuid?.() ?? 0
  const directory = join(tmpdir(), `spanlight-${uid}`)
  try {
    mkdirSync(directory, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const stat = lstatSync(directory)
  // Whoever came first made it, in a place where everybody may make one: a link, or one that others can enter, is not ours.
  if (!stat.isDirectory() || stat.uid !== uid || (stat.mode & 0o077) !== 0)
    throw new NoMeetingPoint(`${directory} is not a directory of this user alone`)
  return directory
}

function listen(server: Server, path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(false) : reject(error)
    )
    // Later ones, of connections that could not be taken.
    server.on('error', () => {})
    server.listen({ path, exclusive: true }, () => resolve(true))
    server.unref()
  })
}

function same(a: Stats, b: Stats): boolean {
  return a.ino === b.ino && a.dev === b.dev
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}
