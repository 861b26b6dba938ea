// Builds the page into dist/ui: one entry, lazy chunks, hashed names, compressed variants, a manifest that the server
// reads, and the notices of the libraries that are bundled. `--watch` builds again at each change, without the checks.
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build, context } from 'esbuild'
import { buildSavedPage } from './build-saved.mjs'
import { lint } from './lint-html.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))
const root = join(here, '..')
/** What a browser may fetch before the list stands, gzipped, in bytes. */
const budget = 60_000

const types = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  txt: 'text/plain; charset=utf-8'
}

/** Builds once into `out`; gives the sizes. Throws when a template is broken or the first load is too big. */
export async function buildPage(out = join(root, 'dist/ui'), { checks = true } = {}) {
  if (checks) await refuseBrokenTemplates()
  const result = await build(options())
  return emit(result, out, checks)
}

function options() {
  return {
    absWorkingDir: root,
    entryPoints: { app: 'ui/app.ts', theme: 'ui/theme.ts' },
    outdir: 'dist/ui/assets',
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    write: false,
    metafile: true,
    legalComments: 'none',
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    logLevel: 'warning'
  }
}

async function refuseBrokenTemplates() {
  const problems = await lint(here)
  if (problems.length === 0) return
  throw new Error(`templates:\n${problems.map((problem) => `  ${problem}`).join('\n')}`)
}

async function emit({ outputFiles, metafile }, out, checks) {
  const files = new Map()
  for (const { path, contents } of outputFiles) {
    const name = basename(path)
    // The sheet of the entry has those of the lazy chunks in it already; nobody would load them apart.
    if (!name.endsWith('.css') || name.startsWith('app-')) files.set(`assets/${name}`, contents)
  }
  const named = (pattern) => [...files.keys()].find((name) => pattern.test(name))
  const app = named(/app-\w+\.js$/)
  const sheet = named(/app-\w+\.css$/)
  const theme = named(/theme-\w+\.js$/)
  const preloads = staticImports(metafile, app)
  const first = [app, sheet, theme, ...preloads]

  const links = [app, ...preloads].map((name) => `<link rel="modulepreload" href="${name}" />`)
  const shell = (await readFile(join(here, 'index.html'), 'utf8'))
    // The server looks for exactly this spelling.
    .replace('<base href="/" />', '<base href="/">')
    .replace('<link rel="modulepreload" href="assets/app.js" />', links.join('\n    '))
    .replace('assets/theme.js', theme)
    .replace('assets/app.css', sheet)
    .replace('assets/app.js', app)
  files.set('index.html', Buffer.from(shell))
  files.set('saved.html', Buffer.from(await buildSavedPage()))
  files.set('third-party-notices.txt', Buffer.from(await notices(metafile)))

  // Made beside it and swapped in at the end: a server that reads meanwhile sees the old page whole.
  const made = `${out}.${process.pid}`
  await mkdir(join(made, 'assets'), { recursive: true })
  const manifest = { files: [] }
  const sizes = []
  for (const [name, contents] of files) {
    const hashed = /-\w{8}\.\w+$/.test(name)
    await writeFile(join(made, name), contents)
    const gzip = gzipSync(contents, { level: 9 })
    // The shell is written anew for each mount path, so it is sent as it is.
    if (hashed) {
      await writeFile(join(made, `${name}.gz`), gzip)
      await writeFile(join(made, `${name}.br`), compress(contents))
    }
    const type = types[name.slice(name.lastIndexOf('.') + 1)]
    manifest.files.push({ name, type, hashed, gzip: hashed, br: hashed })
    sizes.push({ name, gzip: gzip.length, first: first.includes(name) || name === 'index.html' })
  }
  await writeFile(join(made, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  const total = sizes.filter((size) => size.first).reduce((sum, size) => sum + size.gzip, 0)
  if (checks && total > budget) {
    await rm(made, { recursive: true })
    throw new Error(`the first load is ${total} bytes gzipped, more than ${budget}`)
  }
  const old = `${made}.old`
  await rename(out, old).catch(() => {})
  await rename(made, out)
  await rm(old, { recursive: true, force: true })
  return { sizes, total }
}

function compress(contents) {
  return brotliCompressSync(contents, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_SIZE_HINT]: contents.length
    }
  })
}

/** Chunks that the entry imports statically, and so must be there before it runs. */
function staticImports(metafile, entry) {
  const outputs = new Map(
    Object.entries(metafile.outputs).map(([path, output]) => [`assets/${basename(path)}`, output])
  )
  const found = new Set()
  const visit = (name) => {
    for (const { path, kind } of outputs.get(name)?.imports ?? []) {
      const chunk = `assets/${basename(path)}`
      if (kind !== 'import-statement' || found.has(chunk)) continue
      found.add(chunk)
      visit(chunk)
    }
  }
  visit(entry)
  return [...found]
}

/** The licence of every package that has code in the bundle. */
async function notices(metafile) {
  const packages = new Set()
  for (const path of Object.keys(metafile.inputs)) {
    const found = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)
    if (found) packages.add(found[1])
  }
  const parts = []
  for (const name of [...packages].sort((a, b) => (a < b ? -1 : 1))) {
    const folder = join(root, 'node_modules', name)
    const { version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry))
    const text = file ? (await readFile(join(folder, file), 'utf8')).trim() : ''
    parts.push(`${name} ${version} (${license})\n\n${text}`.trim())
  }
  return `The page of Spanlight contains code of these packages.\n\n${parts.join(`\n\n${'-'.repeat(72)}\n\n`)}\n`
}

function report({ sizes, total }) {
  const rows = sizes.toSorted((a, b) => Number(b.first) - Number(a.first) || b.gzip - a.gzip)
  for (const { name, gzip, first } of rows) {
    console.log(`${String(gzip).padStart(8)} B gz  ${first ? 'first' : 'lazy '}  ${name}`)
  }
  console.log(`${String(total).padStart(8)} B gz  first load of ${budget}`)
}

async function watch() {
  const plugin = {
    name: 'emit',
    setup(build) {
      build.onEnd(async (result) => {
        if (result.errors.length > 0) return
        const problems = await lint(here)
        for (const problem of problems) console.error(problem)
        const { total } = await emit(result, join(root, 'dist/ui'), false)
        console.log(`built, ${total} B gz`)
      })
    }
  }
  const watching = await context({ ...options(), minify: false, plugins: [plugin] })
  await watching.watch()
}

if (process.argv[1] && relative(process.argv[1], fileURLToPath(import.meta.url)) === '') {
  if (process.argv.includes('--watch')) await watch()
  else {
    try {
      report(await buildPage())
    } catch (error) {
      console.error(error.message)
      process.exitCode = 1
    }
  }
}
