import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createReport } from '../../src/base/report.ts'
import { CallSites } from '../../src/code/call-sites.ts'
import { Project } from '../../src/code/project.ts'
import { SourceMaps } from '../../src/code/source-maps.ts'

type Find = () => ReturnType<CallSites['find']>

let folder: string
let said: string[]
let sites: CallSites
let find: Find

const before = Object.getOwnPropertyDescriptors(Error)

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'spanlight-')))
  said = []
  sites = make(folder)
  // Bound, not wrapped: a function of this file would be found first.
  find = sites.find.bind(sites, 'query')
})

afterEach(() => {
  rmSync(folder, { recursive: true })
  Object.defineProperty(Error, 'prepareStackTrace', before['prepareStackTrace'] ?? {})
  Error.stackTraceLimit = before.stackTraceLimit.value as number
})

function make(root: string): CallSites {
  return new CallSites({
    project: new Project(root),
    maps: new SourceMaps(root, () => performance.now()),
    text: (text) => text.slice(0, 100),
    report: createReport((line) => said.push(line))
  })
}

type Call = (fn: (...args: never[]) => unknown, ...args: unknown[]) => unknown

/** A module of the application (or of a dependency) whose `call` calls what it is given. */
function module(name: string, text: string): { call: Call } {
  const path = join(folder, name)
  writeFileSync(path, text)
  return createRequire(import.meta.url)(path) as ReturnType<typeof module>
}

const repo = 'exports.call = function load(fn, ...args) {\n  return fn(...args)\n}\n'

describe('a call site', () => {
  it('is the file, line, column and function that called, the file relative to the project', () => {
    const { call } = module('repo.cjs', repo)
    const site = { path: 'repo.cjs', line: 2, column: 10, function: 'load', library: false }
    expect(call(find)).toEqual(site)
    expect(call(find)).toEqual(site)
  })

  it('is found through an ES module, too', async () => {
    writeFileSync(
      join(folder, 'repo.mjs'),
      'export async function load(find) {\n  await 1\n  return find()\n}\n'
    )
    const { load } = (await import(
      /* @vite-ignore */ pathToFileURL(join(folder, 'repo.mjs')).href
    )) as { load: (fn: Find) => unknown }
    expect(await load(find)).toMatchObject({ path: 'repo.mjs', line: 3, function: 'load' })
  })

  it('is the first of the project above the dependencies', () => {
    const { call } = module('repo.cjs', repo)
    mkdirSync(join(folder, 'node_modules'))
    const orm = 'exports.call = (find) => find()'
    expect(call(module('orm.cjs', orm).call, find)).toMatchObject({ path: 'orm.cjs' })
    const inside = module('node_modules/orm.cjs', orm)
    expect(call(inside.call, find)).toMatchObject({ path: 'repo.cjs' })
  })

  it('is found however deep, and the depth is remembered by the operation', () => {
    mkdirSync(join(folder, 'node_modules'))
    const deep = module(
      'node_modules/deep.cjs',
      'exports.call = (find, depth) => depth === 0 ? find() : exports.call(find, depth - 1)'
    )
    const { call } = module('repo.cjs', repo)
    const capture = vi.spyOn(Error, 'captureStackTrace')
    const through = (operation: string, depth: number): unknown =>
      call(deep.call, sites.find.bind(sites, operation), depth)
    for (const [operation, depth, looks] of [
      ['a', 30, 2],
      ['a', 30, 1],
      ['a', 3, 1],
      ['b', 30, 2],
      ['a', 35, 2],
      ['a', 35, 1]
    ] as const) {
      capture.mockClear()
      expect(through(operation, depth)).toMatchObject({ path: 'repo.cjs' })
      expect(capture).toHaveBeenCalledTimes(looks)
    }
    capture.mockRestore()
  })

  it('is nothing where a dependency works on its own', async () => {
    mkdirSync(join(folder, 'node_modules'))
    const { call } = module(
      'node_modules/poll.cjs',
      'exports.call = (find, done) => setTimeout(() => done(find()), 0)'
    )
    expect(await new Promise((resolve) => call(find, resolve))).toBeUndefined()
  })

  it('is nothing after the stop', () => {
    sites.stop()
    expect(module('repo.cjs', repo).call(find)).toBeUndefined()
  })

  it('of a module that is loaded anew with other lines is the new one', () => {
    expect(module('repo.cjs', repo).call(find)).toMatchObject({ line: 2 })
    const require = createRequire(import.meta.url)
    Reflect.deleteProperty(require.cache, join(folder, 'repo.cjs'))
    expect(module('repo.cjs', `\n\n${repo}`).call(find)).toMatchObject({ line: 4 })
  })
})

describe('what a process has set for its stacks', () => {
  it('is as it was, though the look fails', () => {
    const { call } = module('repo.cjs', repo)
    Error.stackTraceLimit = 3
    const mine = (): string => 'mine'
    Error.prepareStackTrace = mine
    call(find)
    expect(Error.stackTraceLimit).toBe(3)
    expect(Error.prepareStackTrace).toBe(mine)
    expect(new Error('x').stack).toBe('mine')
    Reflect.set(Error, 'prepareStackTrace', undefined)
    call(find)
    expect(new Error('x').stack).toMatch(/^Error: x/)
  })

  it('is not there afterwards where it was not there before', () => {
    const { call } = module('repo.cjs', repo)
    Reflect.deleteProperty(Error, 'prepareStackTrace')
    Reflect.deleteProperty(Error, 'stackTraceLimit')
    expect(call(find)).toMatchObject({ line: 2 })
    expect(Object.hasOwn(Error, 'prepareStackTrace')).toBe(false)
    expect(Object.hasOwn(Error, 'stackTraceLimit')).toBe(false)
  })

  it('says where code was written: a loader that compiles knows better', () => {
    const { call } = module('repo.cjs', repo)
    Error.prepareStackTrace = (_error, frames) =>
      `Error: x\n    at load (${String(frames[0]?.getFileName()).replace('.cjs', '.ts')}:40:5)`
    expect(call(find)).toMatchObject({
      path: 'repo.ts',
      line: 40,
      column: 5,
      function: 'load'
    })
  })

  it.each([
    ['throws', () => fail()],
    ['gives no text', () => ({ no: 'text' })],
    ['gives another text', () => 'something']
  ])('may be a function that %s', (_, prepare) => {
    const { call } = module('repo.cjs', repo)
    Error.prepareStackTrace = prepare
    const site = call(find)
    Reflect.set(Error, 'prepareStackTrace', undefined)
    expect(site).toMatchObject({ path: 'repo.cjs', line: 2 })
  })

  it('cannot be set in a frozen Error: nothing is looked for, and that is said once', () => {
    const { call } = module('repo.cjs', repo)
    Object.defineProperty(Error, 'prepareStackTrace', { value: undefined, writable: false })
    expect(call(find)).toBeUndefined()
    Object.defineProperty(Error, 'prepareStackTrace', { value: undefined, writable: true })
    expect(call(find)).toBeUndefined()
    expect(said).toEqual([expect.stringContaining('call sites are not recorded: TypeError')])
  })
})

function fail(): never {
  throw Object.assign(Object.create(null) as object, { no: 'error' })
}
