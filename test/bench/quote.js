// Writes the figures of the last whole run into the documents: node test/bench/quote.js
//
// Markdown shows neither the name that follows a figure in a sentence nor the one above a table:
//
//   It adds 25 us<!-- bench: express, trivial: added, spanlight --> to a request.
//
//   <!-- bench table: request -->
//   | ... up to the first empty line ... |
//
// So nobody copies a number by hand, and a test says when the documents and the results have come apart.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './build.js'
import { shown, tables } from './quote-tables.js'

export const documents = ['README.md', 'docs/performance.md']
const resultsFile = join(import.meta.dirname, 'results.json')

// What stands in front of the name may be a figure of an earlier run, or nothing yet.
const quote =
  /(?:-?\d[\d.,]*(?: (?:us|ns|ms|MB|MiB|kB|bytes|%|fps|spans\/s))?|not measured|\?)?<!-- bench: (.+?) -->/g
const block = /(<!-- bench table: (.+?) -->\n)(?:.+\n)*/g

if (process.argv[1] === import.meta.filename) main()

function main() {
  const results = readResults()
  for (const name of documents) {
    const path = join(root, name)
    const text = readFileSync(path, 'utf8')
    const next = quoted(text, results)
    if (next !== text) writeFileSync(path, next)
    console.log(`${name}: ${next === text ? 'as it was' : 'written'}`)
  }
}

/** The results of the last whole run. */
export function readResults(file = resultsFile) {
  if (!existsSync(file)) throw new Error(`there is no ${file}: npm run bench writes it`)
  return JSON.parse(readFileSync(file, 'utf8'))
}

/** The text with every figure and table as the results have it. */
export function quoted(text, results) {
  const figures = byName(results)
  const missing = []
  const next = text
    .replace(block, (_, mark, name) => {
      const table = tables[name]?.(results)
      if (!table) missing.push(`table ${name}`)
      return `${mark}${table}\n`
    })
    .replace(quote, (_, name) => {
      const figure = figures.get(name)
      if (figure === undefined) missing.push(name)
      return `${figure && shown(figure)}<!-- bench: ${name} -->`
    })
  if (missing.length > 0) throw new Error(`the results do not have: ${missing.join('; ')}`)
  return next
}

/** The text without what is quoted: what is left of a sentence is somebody's own words. */
export function withoutQuotes(text) {
  return text.replace(block, '').replace(quote, '')
}

function byName({ parts }) {
  const figures = new Map()
  for (const [part, { quick, failed, figures: own }] of Object.entries(parts)) {
    if (quick) throw new Error(`${part} was measured with --quick: not for quoting`)
    if (failed !== undefined) throw new Error(`${part} has failed: ${failed}`)
    for (const figure of own) {
      if (figures.has(figure.name)) throw new Error(`there are two figures '${figure.name}'`)
      figures.set(figure.name, figure)
    }
  }
  return figures
}
