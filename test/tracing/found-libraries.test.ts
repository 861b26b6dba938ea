import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FoundLibraries } from '../../src/found-libraries.ts'

let folder: string
const names = ['alpha', '@scope/beta', 'gamma', 'delta', 'epsilon', 'loaded-one']

beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'spanlight-'))))
afterEach(() => rmSync(folder, { recursive: true }))

function write(file: string, content: unknown): void {
  const path = join(folder, file)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
}

const versions = async (start = folder): Promise<Record<string, string>> =>
  Object.fromEntries(await new FoundLibraries(start, names).versions())

test('what the nearest package.json depends on is found with its installed version', async () => {
  write('package.json', {
    dependencies: { alpha: '^1', '@scope/beta': '*', unknown: '1' },
    optionalDependencies: { gamma: '*' },
    peerDependencies: { delta: '*' },
    devDependencies: { epsilon: '*' }
  })
  write('node_modules/alpha/package.json', { version: '1.2.3' })
  write('node_modules/@scope/beta/package.json', { version: '2.0.0-rc.1' })
  write('node_modules/epsilon/package.json', { version: '5.0.0' })
  expect(await versions()).toEqual({
    alpha: '1.2.3',
    '@scope/beta': '2.0.0-rc.1',
    gamma: '',
    delta: ''
  })
})

test('a package of a workspace finds what stands above it', async () => {
  write('package.json', { dependencies: { gamma: '*' } })
  write('packages/api/package.json', { dependencies: { alpha: '*', delta: '*' } })
  write('packages/api/node_modules/delta/package.json', { version: '4.0.0' })
  write('node_modules/alpha/package.json', { version: '1.0.0' })
  write('node_modules/delta/package.json', { version: '3.0.0' })
  mkdirSync(join(folder, 'packages/api/src/deep'), { recursive: true })
  expect(await versions(join(folder, 'packages/api/src/deep'))).toEqual({
    alpha: '1.0.0',
    delta: '4.0.0'
  })
})

test('what is broken, huge or of another shape is as if it were not there', async () => {
  write('package.json', { dependencies: { alpha: '*', gamma: '*', delta: '*' } })
  write('node_modules/alpha/package.json', '{ "version": ')
  write('node_modules/gamma/package.json', { version: ['1'] })
  write('node_modules/delta/package.json', { version: '1.0.0', pad: 'x'.repeat(2 ** 20) })
  expect(await versions()).toEqual({ alpha: '', gamma: '', delta: '' })
  write('package.json', { dependencies: ['alpha'] })
  expect(await versions()).toEqual({})
  write('package.json', 'null')
  expect(await versions()).toEqual({})
})

test('what is loaded is found without being depended on, also later', async () => {
  write('package.json', { dependencies: { alpha: '*' } })
  write('node_modules/loaded-one/package.json', { name: 'loaded-one', version: '7.0.0' })
  write('node_modules/loaded-one/lib/index.js', 'module.exports = 1')
  const found = new FoundLibraries(folder, names)
  expect([...(await found.versions()).keys()]).toEqual(['alpha'])
  createRequire(join(folder, 'app.js'))('loaded-one/lib/index.js')
  expect(Object.fromEntries(await found.versions())).toEqual({ alpha: '', 'loaded-one': '7.0.0' })
})

test('package.json is read once', async () => {
  write('package.json', { dependencies: { alpha: '*' } })
  const found = new FoundLibraries(folder, ['alpha', 'gamma'])
  await found.versions()
  write('package.json', { dependencies: { gamma: '*' } })
  expect([...(await found.versions()).keys()]).toEqual(['alpha'])
})
