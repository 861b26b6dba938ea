import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bearerOf, tokenDirectory, Tokens } from '../../src/serve/token.ts'
import { ingestToken, token } from './fixtures.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'token-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

function made(directory?: string): Tokens {
  return new Tokens({ token: '', ingestToken: '', directory, make: true })
}

describe('a made token', () => {
  it('is 32 random bytes and another one each time', () => {
    expect(made().page).toMatch(/^[\w-]{43}$/)
    expect(made().page).not.toBe(made().page)
  })

  it('is the same as long as the process lives', () => {
    const tokens = made()
    expect(tokens.page).toBe(tokens.page)
  })

  it('outlives the process in a file that only its owner reads', () => {
    const directory = join(root, 'cache', 'spanlight')
    const first = made(directory).page
    expect(made(directory).page).toBe(first)
    expect(readFileSync(join(directory, 'token'), 'utf8').trim()).toBe(first)
    expect(statSync(join(directory, 'token')).mode & 0o777).toBe(0o600)
    expect(statSync(directory).mode & 0o777).toBe(0o700)
  })

  it('is not written before it is needed', () => {
    made(join(root, 'cache'))
    expect(existsSync(join(root, 'cache'))).toBe(false)
  })

  it('is not taken from a file that others may read, nor from a link', () => {
    const file = join(root, 'token')
    writeFileSync(file, token)
    chmodSync(file, 0o644)
    expect(made(root).page).not.toBe(token)
    rmSync(file)
    writeFileSync(join(root, 'theirs'), token, { mode: 0o600 })
    symlinkSync(join(root, 'theirs'), file)
    expect(made(root).page).not.toBe(token)
    expect(readFileSync(join(root, 'theirs'), 'utf8')).toBe(token)
  })

  it.each([
    '',
    'short',
    'x'.repeat(600),
    'spaces are not allowed in a token of ours',
    '\u0000'.repeat(40)
  ])('replaces a file that holds %j', (content) => {
    writeFileSync(join(root, 'token'), content, { mode: 0o600 })
    const { page } = made(root)
    expect(page).toMatch(/^[\w-]{43}$/)
    expect(made(root).page).toBe(page)
  })

  it('stays in memory where nothing can be written', () => {
    writeFileSync(join(root, 'file'), '')
    expect(made(join(root, 'file', 'below')).page).toMatch(/^[\w-]{43}$/)
  })

  it('is not made where the host checks requests itself', () => {
    const tokens = new Tokens({ token: '', ingestToken: '', directory: root, make: false })
    expect(tokens.page).toBe('')
    expect(tokens.check('page', '', '::1')).toBe('wrong')
    expect(existsSync(join(root, 'token'))).toBe(false)
  })
})

describe('the directory of the token', () => {
  it('lies below node_modules, where there is one', () => {
    expect(tokenDirectory(root)).toBeUndefined()
    mkdirSync(join(root, 'node_modules'))
    expect(tokenDirectory(root)).toBe(join(root, 'node_modules', '.cache', 'spanlight'))
  })
})

describe('a given token', () => {
  const given = (): Tokens => new Tokens({ token, ingestToken, directory: undefined, make: true })

  it('opens its own door only', () => {
    const tokens = given()
    expect(tokens.check('page', token, 'a')).toBe('right')
    expect(tokens.check('ingest', ingestToken, 'a')).toBe('right')
    expect(tokens.check('page', ingestToken, 'a')).toBe('wrong')
    expect(tokens.check('ingest', token, 'a')).toBe('wrong')
  })

  it.each([
    '',
    'x',
    token.slice(1),
    `${token} `,
    token.toUpperCase(),
    'é'.repeat(300),
    'x'.repeat(100_000)
  ])('is not %#', (text) => {
    expect(given().check('page', text, 'a')).toBe('wrong')
  })

  it('is guessed ten times a minute by one address, and a hundred times by all', () => {
    const tokens = given()
    for (let i = 0; i < 10; i++) expect(tokens.check('page', 'no', 'a')).toBe('wrong')
    expect(tokens.check('page', token, 'a')).toBe('blocked')
    expect(tokens.check('page', token, 'b')).toBe('right')
    for (let i = 0; i < 90; i++) tokens.check('page', 'no', `c${i}`)
    expect(tokens.check('page', token, 'b')).toBe('blocked')
  })

  it('may be shown again and again when it is right', () => {
    const tokens = given()
    for (let i = 0; i < 300; i++) expect(tokens.check('page', token, 'a')).toBe('right')
  })
})

describe('an authorization header', () => {
  it.each([
    ['Bearer abc', 'abc'],
    ['bearer   abc ', 'abc'],
    ['Bearer a b', undefined],
    ['Bearer ', undefined],
    ['Bearerabc', undefined],
    ['Basic abc', undefined],
    [undefined, undefined]
  ])('%j carries %j', (header, want) => {
    expect(bearerOf(header)).toBe(want)
  })
})
