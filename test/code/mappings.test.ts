import { SourceMap, type SourceMapPayload } from 'node:module'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Mappings } from '../../src/code/mappings.ts'

function read(text: string): Mappings {
  const work = Mappings.read(text)
  for (;;) {
    const { done, value } = work.next()
    if (done === true) return value
  }
}

const entry = fileURLToPath(new URL('../../src/tracing.ts', import.meta.url))

describe('the mappings of a source map', () => {
  it.each([true, false])('lead where those of Node lead, minified: %s', (minify) => {
    const { outputFiles } = buildSync({
      entryPoints: [entry],
      bundle: true,
      minify,
      platform: 'node',
      format: 'esm',
      sourcemap: 'external',
      outfile: '/out.js',
      write: false
    })
    const [map = '', code = ''] = outputFiles.map((file) => file.text)
    const payload = JSON.parse(map) as SourceMapPayload
    const mappings = read(payload.mappings)
    const theirs = new SourceMap(payload)
    let compared = 0
    for (const [line, text] of code.split('\n').entries()) {
      for (let column = 0; column < text.length; column += minify ? 997 : 13) {
        const known = theirs.findEntry(line, column)
        if (!('originalSource' in known) || known.generatedLine !== line) continue
        const found = mappings.find(line, column)
        expect(found && { ...found, source: payload.sources[found.source] }).toEqual({
          source: known.originalSource,
          line: known.originalLine,
          column: known.originalColumn
        })
        compared++
      }
    }
    expect(compared).toBeGreaterThan(300)
  })

  it('know nothing of lines that are not there', () => {
    const mappings = read('AAAA;;AACA')
    expect(mappings.find(0, 5)).toEqual({ source: 0, line: 0, column: 0 })
    expect(mappings.find(1, 0)).toBeUndefined()
    expect(mappings.find(2, 0)).toEqual({ source: 0, line: 1, column: 0 })
    expect(mappings.find(3, 0)).toBeUndefined()
    expect(mappings.find(-1, 0)).toBeUndefined()
  })

  it('may be any text', () => {
    const likely = fc.stringMatching(/^[A-Za-z0-9+/,;]*$/)
    fc.assert(
      fc.property(fc.oneof(likely, fc.string()), fc.nat(50), fc.nat(), (text, line, column) => {
        read(text).find(line, column)
      })
    )
  })

  it('are read in pieces', () => {
    const text = 'AAAA;'.repeat(60_000)
    expect([...Mappings.read(text)].length).toBeGreaterThan(3)
  })

  it('are refused beyond a million lines', () => {
    expect(() => read(';'.repeat(1_000_001))).toThrow('too many lines')
  })
})
