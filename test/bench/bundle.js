import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from './build.js'

const folder = join(root, 'node_modules/.cache/bench')
const made = new Map()

/**
 * The file to run for a script of the bench: itself, or, when it measures a part of the package alone, a bundle of it and that part's
 * sources. What it imports by the package's name stays the built package.
 */
export function runnable(script) {
  const known = made.get(script)
  if (known !== undefined) return known
  const file = bundled(script)
  made.set(script, file)
  return file
}

async function bundled(script) {
  // Not at the top: the children, too, come by here, and would carry it.
  const { build } = await import('esbuild')
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [script],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    packages: 'external',
    plugins: [inPlace],
    logLevel: 'warning'
  })
  if (!Object.keys(metafile.inputs).some((path) => path.startsWith('src/'))) return script
  const file = join(folder, relative(root, script).replaceAll(sep, '-').replace(/js$/, 'mjs'))
  await mkdir(folder, { recursive: true })
  // Renamed, because two benches may make it at the same time.
  await writeFile(`${file}.${process.pid}`, outputFiles[0].contents)
  await rename(`${file}.${process.pid}`, file)
  return file
}

// Each file keeps its own `import.meta`: some read what lies beside them.
const inPlace = {
  name: 'in place',
  setup(build) {
    build.onResolve({ filter: /^spanlight(?:\/|$)/ }, ({ path }) => ({
      path: import.meta.resolve(path),
      external: true
    }))
    build.onLoad({ filter: /\.[jt]s$/ }, async ({ path }) => {
      const meta = { url: pathToFileURL(path).href, filename: path, dirname: dirname(path) }
      const text = await readFile(path, 'utf8')
      return {
        contents: text.replace(/\bimport\.meta\.(url|filename|dirname)\b/g, (_, name) =>
          JSON.stringify(meta[name])
        ),
        loader: path.endsWith('.ts') ? 'ts' : 'js'
      }
    })
  }
}
