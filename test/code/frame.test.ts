import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pathOf, readFrame } from '../../src/code/frame.ts'

describe('a line of a stack', () => {
  const place = { file: '/app/a.js', line: 3, column: 7 }

  it.each([
    ['    at load (/app/a.js:3:7)', 'load'],
    ['    at /app/a.js:3:7', ''],
    ['    at async /app/a.js:3:7', ''],
    ['    at async OrderRepo.load (/app/a.js:3:7)', 'OrderRepo.load'],
    ['    at new OrderRepo (/app/a.js:3:7)', 'new OrderRepo'],
    ['    at Object.load (/app/a.js:3:7)', 'load'],
    ['    at Object.load [as find] (/app/a.js:3:7)', 'load'],
    ['    at Object.<anonymous> (/app/a.js:3:7)', ''],
    ['    at Server.<anonymous> (/app/a.js:3:7)', '']
  ])('names a function and a place: %s', (line, name) => {
    expect(readFrame(line)).toEqual({ function: name, ...place })
  })

  it('may have a path with brackets, spaces and colons', () => {
    expect(readFrame('    at load (/my app (old)/c:d/a.js:3:7)')?.file).toBe(
      '/my app (old)/c:d/a.js'
    )
    expect(readFrame('    at load (C:\\app\\a.js:3:7)')?.file).toBe('C:\\app\\a.js')
    expect(readFrame('    at file:///app/a%20b.mjs?v=2:3:7')?.file).toBe(
      'file:///app/a%20b.mjs?v=2'
    )
  })

  it.each([
    'Error: at the desk',
    '    at native',
    '    at Promise.all (index 0)',
    '    at eval (eval at load (/app/a.js:3:7), <anonymous>:1:1)',
    '    at load (/app/a.js)',
    `    at ${'a'.repeat(3000)} (/app/a.js:3:7)`,
    ''
  ])('is none without a place: %s', (line) => {
    expect(readFrame(line)).toBeUndefined()
  })

  it('never throws and takes no longer than its length', () => {
    const pieces = fc.constantFrom('at ', 'async ', ' (', ')', ':1', ':1:1', '/a', ' [as ', 'x')
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fc.string()), { maxLength: 400 }), (parts) => {
        const frame = readFrame(parts.join(''))
        if (frame === undefined) return
        expect(frame.line).toBeLessThan(1e9)
        expect(frame.file.length).toBeLessThan(2000)
      })
    )
  })
})

describe('a file that a stack names', () => {
  it.each([
    ['/app/a.js', '/app/a.js'],
    ['file:///app/a%20b.mjs?t=1#x', '/app/a b.mjs'],
    ['C:\\app\\a.js', 'C:\\app\\a.js'],
    ['node:fs', undefined],
    ['evalmachine.<anonymous>', undefined],
    ['webpack-internal:///./a.js', undefined],
    ['file://%zz', undefined],
    ['file:///a%2Fb.js', undefined]
  ])('%s has the path %s', (file, path) => {
    expect(pathOf(file)).toBe(path)
  })
})
