import { expect, it } from 'vitest'
import { beginningOf } from '../../src/wire/trace.ts'

it('a trace is told apart by digits that are its own', () => {
  expect(beginningOf('0123456789abcdef0123456789abcdef')).toBe('01234567')
  expect(beginningOf('0000000000000000a123456789abcdef')).toBe('a1234567')
  expect(beginningOf('00000000000000000123456789abcdef')).toBe('01234567')
})
