import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from './build.js'
import { figure } from './figures.js'
import { documents, quoted, type Part, readResults, type Results, withoutQuotes } from './quote.js'

const read = (path: string): string => readFileSync(join(root, path), 'utf8')

describe('the documents', () => {
  it.each(documents)(
    '%s has the figures of the last whole run (node test/bench/quote.js)',
    (name) => {
      expect(read(name)).toBe(quoted(read(name), readResults()))
    }
  )

  it('say what it costs in figures that are quoted, and in no others', () => {
    const [, section] = /^## What it costs\n([^]*?)^## /m.exec(read('README.md')) ?? []
    expect(section).toContain('docs/performance.md')
    expect(section?.match(/<!-- bench: /g)?.length).toBeGreaterThan(8)
    expect(
      withoutQuotes(section ?? '').match(/\d+ ?(?:[unm]s|[kM]i?B|bytes|%|x)(?!\w)/g)
    ).toBeNull()
  })
})

describe('quoting', () => {
  const added = figure('express, trivial: added, spanlight', 'us', {
    value: 25.04,
    low: 24,
    high: 27
  })
  const bytes = figure('bytes a kept span: HTTP server', 'B', 71.4, { atMost: 80 })
  const start = figure('import and mount: spanlight', 'ms', 55, { atMost: 40 })
  const resultsWith = (more: Partial<Part> = {}): Results => {
    const machine = { cpu: 'Abacus', cores: 2, memoryGiB: 4, system: 'Linux', pinned: true }
    const at = { machine: { ...machine, node: 'v20', date: '2026-11-22T20:25:00Z' } }
    return {
      parts: {
        request: { ...at, figures: [added] },
        ring: { ...at, figures: [bytes] },
        size: { ...at, figures: [start], ...more }
      }
    }
  }
  const write = (text: string, results = resultsWith()): string => quoted(text, results)

  it('writes a figure in front of its name, whatever stood there', () => {
    const name = '<!-- bench: express, trivial: added, spanlight -->'
    expect(write(`adds 1,234.5 us${name} and keeps`)).toBe(`adds 25.0 us${name} and keeps`)
    expect(write(`?${name}`)).toBe(`25.0 us${name}`)
    expect(write(`costs ${name}`)).toBe(`costs 25.0 us${name}`)
    expect(write('(? <!-- not ours -->)')).toBe('(? <!-- not ours -->)')
  })

  it('writes tables below their names, and says what is missed', () => {
    const text = '<!-- bench table: missed -->\nold\nolder\n\nnext'
    expect(write(text)).toBe(`<!-- bench table: missed -->
| 1 of 2 targets are met; missed: | measured | target |
| --- | ---: | ---: |
| import and mount: spanlight | 55 ms | at most 40 |

next`)
    const size = write('<!-- bench table: size -->\n')
    expect(size).toContain('| import and mount | **missed:** 55 ms (at most 40) |')
    const bytes = write('<!-- bench table: bytes -->\n')
    expect(bytes).toContain('| bytes a kept span: HTTP server | 71.4 bytes (at most 80) |  |')
  })

  it('changes nothing the second time', () => {
    const text = `?<!-- bench: bytes a kept span: HTTP server --> and
<!-- bench table: machine -->

<!-- bench table: bytes -->
`
    expect(write(text)).not.toBe(text)
    expect(write(write(text))).toBe(write(text))
  })

  it('says what could not be measured, instead of a number', () => {
    const none = resultsWith({
      figures: [figure('first paint', 'ms', Number.NaN, { atMost: 150 })]
    })
    const read = JSON.parse(JSON.stringify(none)) as Results
    const name = '<!-- bench: first paint -->'
    expect(write(`2 ms${name}`, read)).toBe(`not measured${name}`)
    expect(write(`not measured${name}`, read)).toBe(`not measured${name}`)
  })

  it('names every figure that there is not', () => {
    expect(() => write('?<!-- bench: a --> ?<!-- bench: b -->')).toThrow('do not have: a; b')
    expect(() => write('<!-- bench table: c -->\n')).toThrow('do not have: table c')
    expect(() => write('<!-- bench table: live -->\n')).toThrow('do not have: table live')
    expect(() => write('<!-- bench table: features -->\n')).toThrow('have: CPU added: 5 pages')
  })

  it('refuses a quick run, one that failed, and a name that stands for two figures', () => {
    expect(() => write('', resultsWith({ quick: true }))).toThrow('size was measured with --quick')
    expect(() => write('', resultsWith({ failed: 'no disk' }))).toThrow('size has failed: no disk')
    expect(() => write('', resultsWith({ figures: [added] }))).toThrow('two figures')
  })

  it('says how to get results where there are none', () => {
    expect(() => readResults('/nowhere/results.json')).toThrow('npm run bench writes it')
  })

  it('takes a quoted figure out of what is checked by hand', () => {
    expect(withoutQuotes('12 ms<!-- bench: x -->, not 13 ms')).toBe(', not 13 ms')
  })
})
