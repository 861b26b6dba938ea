// Builds the package into dist: its entries, what they share as one file, their declarations, and the notices of the libraries that are in
// the code. tsc has checked it by then and made the declarations. `--watch` bundles again at each change, and that alone.
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, context } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
const dist = join(root, 'dist')
/** Where tsconfig.json has tsc put them. */
const declarations = join(root, 'node_modules/.cache/declarations')
const entries = Object.values(manifest.exports).flatMap(({ types, default: code }) =>
  code === undefined
    ? []
    : [{ source: code.replace('dist', 'src').replace(/js$/, 'ts'), types: relative('dist', types) }]
)

/** Bundles the entries and the command line into `out`. A test changes the code on its way, by a plugin. */
export async function buildPackage(out, plugins = []) {
  const bundles = [
    { ...options(out), plugins: [...plugins, inOneFile] },
    { ...commandLine(out), plugins }
  ]
  const made = await Promise.all(bundles.map((bundle) => build(bundle)))
  const inputs = Object.assign({}, ...made.map(({ metafile }) => metafile.inputs))
  await writeFile(join(out, 'third-party-notices.txt'), await notices(inputs))
}

/** By itself, with a copy of what it needs: the entries stay one file, as small as they are. */
function commandLine(out) {
  const sources = Object.values(manifest.bin).map((code) =>
    code.replace('dist', 'src').replace(/js$/, 'ts')
  )
  return {
    ...options(out),
    entryPoints: sources,
    outbase: join(root, 'src'),
    chunkNames: 'cli/[name]-[hash]',
    // Two thirds of the bytes, and a stack has all its names. Of an uncaught error Node prints the whole line.
    minifyWhitespace: true,
    minifySyntax: true,
    lineLimit: 120
  }
}

function options(out) {
  return {
    absWorkingDir: root,
    entryPoints: entries.map(({ source }) => source),
    outdir: out,
    bundle: true,
    // An application may come by two entries: both then lead to the same recorder and the same AsyncLocalStorage.
    splitting: true,
    // As deep below dist as the folders of src are below src, so that paths to dist/ui are right in both.
    chunkNames: 'shared/[name]-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    // Installed beside us: their security updates must not wait for ours.
    external: Object.keys(manifest.dependencies),
    metafile: true,
    legalComments: 'none',
    logLevel: 'warning'
  }
}

/**
 * What is loaded at once stays one file, whatever of it is needed by what is loaded later, too. esbuild makes a file of what each combination of them
 * shares, 0.5 ms of the start apiece; so each of those that are loaded by `import()` is made to need all of it.
 */
const inOneFile = {
  name: 'in one file',
  setup({ onResolve, onLoad }) {
    const later = new Set()
    onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) => {
      if (kind === 'dynamic-import') later.add(join(resolveDir, path))
    })
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      if (!later.has(path)) return undefined
      const whole = `export * from './manual.ts'\nexport * from './process-wide.ts'\n`
      return { loader: 'ts', contents: `${await readFile(path, 'utf8')}\n${whole}` }
    })
  }
}

/** The licence of every package that has code in the bundle. */
async function notices(inputs) {
  const paths = Object.keys(inputs).map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path))
  const names = new Set(paths.flatMap((found) => (found === null ? [] : [found[1]])))
  const parts = ['Spanlight contains code of these packages.']
  for (const name of [...names].sort()) {
    const folder = join(root, 'node_modules', name)
    const { version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry))
    if (file === undefined) throw new Error(`${name} has no licence to go with its code`)
    parts.push(`${name} ${version} (${license})\n\n${await readFile(join(folder, file), 'utf8')}`)
  }
  return parts.map((part) => `${part.trim()}\n`).join(`\n${'-'.repeat(72)}\n\n`)
}

/** Puts the declarations that an entry leads to beside the code: one in five. The rest describes the inside. */
async function copyDeclarations(out) {
  const paths = new Set(entries.map(({ types }) => types))
  // A set gives what is added while it is walked, too.
  for (const path of paths) {
    const text = await readFile(join(declarations, path), 'utf8')
    for (const [, other] of text.matchAll(/'(\.[^']+)\.ts'/g))
      paths.add(join(dirname(path), `${other}.d.ts`))
    await mkdir(dirname(join(out, path)), { recursive: true })
    await writeFile(join(out, path), text)
  }
}

if (process.argv[1] && relative(process.argv[1], fileURLToPath(import.meta.url)) === '') {
  if (process.argv.includes('--watch')) {
    // By one name, or each change would leave a file behind.
    const watching = await context({ ...options(dist), chunkNames: 'shared/[name]' })
    await watching.watch()
  } else {
    await rm(dist, { recursive: true, force: true })
    await buildPackage(dist)
    await copyDeclarations(dist)
  }
}
