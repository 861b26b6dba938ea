import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LRUCache } from 'lru-cache'
import { minTokenLength } from './mode.ts'

export interface TokensSetup {
  /** The page's token as configured; '' has one made when it is first needed. */
  readonly token: string
  /** The token that may write spans and nothing else; '' for none. */
  readonly ingestToken: string
  /** Where a made token is kept over restarts, so that open pages stay signed in; undefined keeps it in memory. */
  readonly directory: string | undefined
  /** False where the host checks requests itself and set no token: then none is made that would have to be printed and kept safe. */
  readonly make: boolean
}

/** 'wrong' also when there is no token to compare with; 'blocked' when too many wrong ones came lately. */
export type TokenVerdict = 'right' | 'wrong' | 'blocked'

const windowMs = 60_000
const maxPerAddress = 10
const maxOverall = 100
// No token is longer; what is longer is not worth a hash.
const maxLength = 512

/** The two tokens and the count of wrong ones. The page's cannot ingest and the ingest's cannot read. */
export class Tokens {
  readonly #setup: TokensSetup
  readonly #failures = new LRUCache<string, number>({ max: 1000, ttl: windowMs, noUpdateTTL: true })
  #overall = 0
  #overallSince = -Infinity
  #token: string

  constructor(setup: TokensSetup) {
    this.#setup = setup
    this.#token = setup.token
  }

  /** The page's token, made and stored now if it is a made one; '' where there is none. */
  get page(): string {
    if (this.#token === '' && this.#setup.make) this.#token = storedToken(this.#setup.directory)
    return this.#token
  }

  get hasIngest(): boolean {
    return this.#setup.ingestToken !== ''
  }

  /** Compares what a request brought; a wrong one counts against its address (10 a minute) and against all (100 a minute). */
  check(kind: 'page' | 'ingest', given: string, address: string): TokenVerdict {
    if (this.#blocked(address)) return 'blocked'
    const wanted = kind === 'page' ? this.page : this.#setup.ingestToken
    if (wanted !== '' && given.length <= maxLength && sameText(given, wanted)) return 'right'
    this.#failures.set(address, (this.#failures.get(address) ?? 0) + 1)
    this.#overall++
    return 'wrong'
  }

  #blocked(address: string): boolean {
    const now = performance.now()
    if (now - this.#overallSince > windowMs) {
      this.#overallSince = now
      this.#overall = 0
    }
    return this.#overall >= maxOverall || (this.#failures.get(address) ?? 0) >= maxPerAddress
  }
}

/** The token of an `Authorization: Bearer` header; undefined without one. */
export function bearerOf(authorization: string | undefined): string | undefined {
  return authorization === undefined ? undefined : /^bearer +(\S+) *$/i.exec(authorization)?.[1]
}

// Hashed first: timingSafeEqual throws on different lengths, and comparing the lengths would tell the length.
function sameText(a: string, b: string): boolean {
  return timingSafeEqual(hash(a), hash(b))
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function newToken(): string {
  return randomBytes(32).toString('base64url')
}

/** A token that outlives the process where the directory can be written, and else one of this process. */
export function storedToken(directory: string | undefined): string {
  if (directory === undefined) return newToken()
  // A fixed name, not one with the pid: Jupyter's was found by counting (GHSA-q874-g24w-4q9g).
  const file = join(directory, 'token')
  try {
    return readOwn(file) ?? writeOwn(directory, file)
  } catch {
    return newToken()
  }
}

// A link, or a file that others may read or could have put there, is not ours.
function readOwn(file: string): string | undefined {
  const stat = lstatSync(file, { throwIfNoEntry: false })
  if (stat === undefined) return undefined
  const own =
    process.platform === 'win32' || ((stat.mode & 0o077) === 0 && stat.uid === process.getuid?.())
  const text =
    stat.isFile() && own && stat.size <= maxLength ? readFileSync(file, 'utf8').trim() : ''
  if (text.length >= minTokenLength && /^[\w-]+$/.test(text)) return text
  rmSync(file)
  return undefined
}

function writeOwn(directory: string, file: string): string {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const token = newToken()
  try {
    writeFileSync(file, `${token}\n`, { mode: 0o600, flag: 'wx' })
    return token
  } catch (error) {
    // Another process of the same app was faster; with one token for both, one tab serves both.
    const theirs = readOwn(file)
    if (theirs === undefined) throw error
    return theirs
  }
}

/** Where a made token is kept: below the host's node_modules, when it has one. */
export function tokenDirectory(cwd: string): string | undefined {
  const modules = join(cwd, 'node_modules')
  return lstatSync(modules, { throwIfNoEntry: false })?.isDirectory() === true
    ? join(modules, '.cache', 'spanlight')
    : undefined
}
