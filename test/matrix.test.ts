import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { patienceMs } from './until.ts'

// What it does to other versions of Node takes minutes; here only that it says so, and does nothing by mistake.
function matrix(...words: string[]): { status: number | null; stdout: string; stderr: string } {
  const file = join(import.meta.dirname, 'matrix.js')
  return spawnSync(process.execPath, [file, ...words], { encoding: 'utf8', timeout: patienceMs })
}

it('explains itself', () => {
  for (const word of ['--help', '-h']) {
    const { status, stdout, stderr } = matrix(word)
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toContain('npm run test:matrix -- 20.19.0 24')
    expect(stdout).toContain('--update')
  }
})

it.each([
  ['24x', '24x is neither a version nor a file.'],
  ['v24', 'v24 is neither a version nor a file.'],
  ['24.1.2.3', '24.1.2.3 is neither a version nor a file.'],
  ['test/hosts', 'test/hosts is neither a version nor a file.'],
  ['--updat', "Unknown option '--updat'"]
])('runs nothing when it is asked for %s', (word, message) => {
  const { status, stdout, stderr } = matrix('24', word)
  expect([status, stdout]).toEqual([1, ''])
  expect(stderr).toContain(message)
  expect(stderr).toContain('--help')
})
