import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { published } from '../../src/watch/published.ts'

const root = join(import.meta.dirname, '../..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const { dependencies } = JSON.parse(read('test/libraries/package.json')) as {
  dependencies: Record<string, string>
}

/** The versions of a package that the tests have, "npm:" aliases among them. */
function testedVersions(name: string): string[] {
  return Object.entries(dependencies)
    .filter(([alias, wanted]) => alias === name || wanted.startsWith(`npm:${name}@`))
    .map(([, wanted]) => wanted.split('@').at(-1) as string)
    .sort()
}

const rows = read('docs/libraries.md')
  .split('\n')
  .filter((line) => /^\| [^-]/.test(line) && !line.startsWith('| library'))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, library = '', tested = '']) => [library.split(' ')[0] as string, tested] as const)
  // What comes with Node is tested in the version of Node that runs the tests.
  .filter(([library]) => !library.startsWith('node:'))

it.each([...new Set(rows.map(([library]) => library))])(
  '%s is documented with the versions that are tested',
  (library) => {
    // A line of old versions may have a row of its own.
    const tested = rows.filter(([one]) => one === library).flatMap(([, some]) => some.split(', '))
    expect(tested.sort()).toEqual(testedVersions(library))
  }
)

it('what libraries publish themselves is documented', () => {
  for (const { name } of published) expect(rows.map(([library]) => library)).toContain(name)
})

it.each(published.map(({ name, since }) => [name, since]))(
  'the oldest tested version of %s is of the first line that publishes, %s',
  (name, since) => {
    expect(testedVersions(name).some((version) => version.startsWith(`${since}.`))).toBe(true)
  }
)
