import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseQuery } from '../../src/wire/query.ts'
import { queryKeys } from '../../src/wire/query-keys.ts'

const page = readFileSync(new URL('../../docs/query-language.md', import.meta.url), 'utf8')

function blocks(): string[] {
  return [...page.matchAll(/```query\n([\s\S]*?)```/g)].flatMap((block) =>
    block[1].split('\n').filter((line) => line !== '')
  )
}

/** The rows of the table of keys: key, other spellings, and the examples of the last column. */
function keyRows(): { key: string; aliases: string[]; examples: string[] }[] {
  const table = page.slice(page.indexOf('## Keys'), page.indexOf('## Attributes'))
  const code = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1])
  return table
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map((cells) => ({
      key: code(cells[1])[0],
      aliases: code(cells[2]),
      examples: code(cells[4])
    }))
}

describe('the query language reference', () => {
  it('documents every key with its other spellings, and no key that is not there', () => {
    const documented = keyRows().map(({ key, aliases }) => [key, aliases])
    expect(documented).toEqual(queryKeys.map(({ key, aliases }) => [key, aliases]))
  })

  const examples = [...blocks(), ...keyRows().flatMap((row) => row.examples)]
  it('holds examples', () => expect(examples.length).toBeGreaterThan(35))

  it.each(examples)('gives the example %s, of which nothing is ignored', (example) => {
    const query = parseQuery(example)
    expect(query.ignored).toEqual([])
    expect(query.terms.length).toBeGreaterThan(0)
  })

  it('suggests only values that are understood', () => {
    for (const { key, aliases, values } of queryKeys)
      for (const name of [key, ...aliases])
        for (const value of values)
          expect(parseQuery(`${name}:${value}`)).toMatchObject({ terms: [{}], ignored: [] })
  })

  it('says what happens to a term that is not understood as it really is', () => {
    expect(parseQuery('sttus:500 dur:abc').ignored).toEqual([
      'unknown key "sttus"',
      '"abc" is not a number'
    ])
    expect(page).toContain('`unknown key "sttus"`, `"abc" is not a number`')
  })
})
