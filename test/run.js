// The one command that passes all tests: installs what they need, builds, checks, runs.
//
//   npm test                      everything
//   npm test -- test/store        only these files; builds, does not check
//
// Without root a missing browser cannot be installed: its tests are then skipped, with the reason. With CI set, a skip is a failure.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const only = process.argv.slice(2)
const inCi = Boolean(process.env.CI)

const chromium = findChromium() ?? installChromium()
if (chromium === undefined)
  console.log(
    'No Chrome or Chromium was found and none could be installed: the browser tests are skipped.'
  )

step('Build', ['npm', 'run', '--silent', 'build'])
if (only.length === 0) step('Lint, format, types', ['npm', 'run', '--silent', 'check'])
process.exitCode = runTests()

function findChromium() {
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']
  const found = names.flatMap((name) =>
    (process.env.PATH ?? '').split(':').map((folder) => join(folder, name))
  )
  return [process.env.CHROMIUM, ...found].find((path) => path && existsSync(path))
}

function installChromium() {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return undefined
  console.log('Installing Chromium for the browser tests ...')
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  for (const words of [
    ['update', '-q'],
    ['install', '-q', '-y', '--no-install-recommends', 'chromium', 'fonts-dejavu-core']
  ]) {
    const { status, stderr } = spawnSync('apt-get', words, { env, encoding: 'utf8' })
    if (status !== 0) console.log(`apt-get ${words[0]} failed: ${stderr.trim().split('\n').at(-1)}`)
  }
  return findChromium()
}

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
