// The one command that passes all tests: installs what they need, builds, checks, runs.
//
//   npm test                      everything
//   npm test -- test/store        only these files; builds, does not check
//
// Without root a missing browser or database cannot be installed: its tests are then skipped, with the reason. With CI set, a skip is a failure.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { provideAddon } from './libraries/addon.js'
import { install as installLibraries } from './libraries/library.js'
import { findChromium, installPackages } from './packages.js'

const root = join(import.meta.dirname, '..')
const only = process.argv.slice(2)
const inCi = Boolean(process.env.CI)

installPackages(console.log)
const chromium = findChromium()
for (const problem of [installLibraries(console.log), provideAddon(console.log)])
  if (problem !== undefined) console.log(`${problem}. What needs it fails or is skipped.`)

step('Build', ['npm', 'run', '--silent', 'build'])
if (only.length === 0) step('Lint, format, types', ['npm', 'run', '--silent', 'check'])
process.exitCode = runTests()

function step(title, [command, ...words]) {
  console.log(`\n${title}`)
  const { status } = spawnSync(command, words, { cwd: root, stdio: 'inherit' })
  if (status === 0) return
  console.log(`\n${title} failed.\n0 passed, 1 failed`)
  process.exit(1)
}

function runTests() {
  const folder = mkdtempSync(join(tmpdir(), 'spanlight-test-'))
  const report = join(folder, 'report.json')
  const words = [
    'run',
    '--config',
    'test/vitest.config.ts',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...only
  ]
  const env = { ...process.env, NODE_ENV: 'test', ...(chromium && { CHROMIUM: chromium }) }
  const { status } = spawnSync(join(root, 'node_modules/.bin/vitest'), words, {
    cwd: root,
    stdio: 'inherit',
    env
  })
  const counts = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined
  rmSync(folder, { recursive: true, force: true })
  const passed = counts?.numPassedTests ?? 0
  const skipped = counts?.numPendingTests ?? 0
  // A file that does not load fails without a test of its own.
  const broken =
    counts?.testResults.filter(
      (file) => file.status === 'failed' && file.assertionResults.length === 0
    ).length ?? 1
  const failed = (counts?.numFailedTests ?? 0) + broken
  const bad = status !== 0 || failed > 0 || passed === 0 || (inCi && skipped > 0)
  if (inCi && skipped > 0) console.log('Tests were skipped; here none may be.')
  console.log(
    `\n${passed} passed, ${bad && failed === 0 ? 1 : failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
  )
  return bad ? 1 : 0
}
