import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '../..')

/** Builds what is measured when it is missing or older than its sources, and says so: an old build gives somebody else's figures. */
export function ensureBuilt(say) {
  const why = staleness()
  if (why === undefined) return
  say(`${why}: npm run build`)
  const { status, stdout, stderr } = spawnSync('npm', ['run', '--silent', 'build'], {
    cwd: root,
    encoding: 'utf8'
  })
  if (status !== 0) throw new Error(`the build failed:\n${stdout}${stderr}`)
}

function staleness() {
  // The two last files that the build's two steps write.
  const outputs = ['dist/index.js', 'dist/ui/manifest.json'].map((file) => join(root, file))
  if (!outputs.every((file) => existsSync(file))) return 'dist is missing'
  const built = Math.min(...outputs.map((file) => statSync(file).mtimeMs))
  const newer = ['src', 'ui'].flatMap(files).find((file) => statSync(file).mtimeMs > built)
  return newer && `${newer.slice(root.length + 1)} is newer than dist`
}

function files(folder) {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}
