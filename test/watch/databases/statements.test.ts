import { expect, test } from 'vitest'
import { defaultLimits } from '../../../src/base/limits.ts'
import { Statements } from '../../../src/watch/databases/statements.ts'
import { redactor } from '../setup.ts'

const create = (): Statements => new Statements({ redactor, limits: defaultLimits })

test('a statement with nothing to hide is read once for each way to read it', () => {
  const statements = create()
  const text = 'SELECT name FROM users WHERE id = $1'
  const first = statements.read(text, 'postgresql', true)
  expect(first).toEqual({ summary: 'SELECT users', operation: 'SELECT', target: 'users', text })
  expect(statements.read(text, 'postgresql', true)).toBe(first)
  expect(statements.read(text, 'postgresql', false)).not.toBe(first)
  expect(statements.read(text, 'mysql', true)).not.toBe(first)
})

test('a statement with values is read each time, and so is one that is kept in part', () => {
  const statements = create()
  const long = `SELECT ${'a, '.repeat(5000)} b FROM users`
  for (const text of ["SELECT name FROM users WHERE name = 'canary'", long]) {
    const read = statements.read(text, 'sqlite', false)
    expect(read.text).not.toBe(text)
    expect(read.text).not.toContain('canary')
    expect(statements.read(text, 'sqlite', false)).not.toBe(read)
  }
})

test('of statements without end only some are known', () => {
  const statements = create()
  const read = (at: number): unknown => statements.read(`SELECT a${at}x FROM t`, 'sqlite', false)
  const first = read(0)
  for (let at = 1; at < 400; at++) read(at)
  expect(read(0)).toBe(first)
  for (let at = 400; at < 1000; at++) read(at)
  expect(read(0)).not.toBe(first)
})
