// For work on Spanlight itself: checks and bundles on every change and starts the demo anew. Stop with Ctrl+C.
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const run = (command, ...words) => spawn(command, words, { cwd: root, stdio: 'inherit' })

spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' })
const parts = [
  run(join(root, 'node_modules/.bin/tsc'), '-p', 'src', '--watch', '--preserveWatchOutput'),
  run(process.execPath, 'src/build.mjs', '--watch'),
  run(process.execPath, 'ui/build.mjs', '--watch'),
  run(process.execPath, '--watch-path=dist', 'examples/demo/start.js', '--quiet')
]
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    for (const part of parts) part.kill(signal)
  })
}
