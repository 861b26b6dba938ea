// Builds the page that is saved as a file, with its traces: everything in one document, which its policy allows to run exactly the scripts that
// it was built with and to ask for nothing.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = fileURLToPath(new URL('.', import.meta.url))

/** Screens and dialogs that only a process can fill. */
const withoutWhatAsks = {
  name: 'without what asks',
  setup(build) {
    const filter = /\/(?:map\/map|cpu\/cpu|menu|import-dialog|selection)\.ts$/
    build.onResolve({ filter }, ({ path, kind }) =>
      kind === 'dynamic-import' ? { path, namespace: 'absent' } : undefined
    )
    build.onLoad({ filter: /^/, namespace: 'absent' }, () => ({
      contents: 'throw new Error("not in a saved page")'
    }))
  }
}

/** The document, with a gap for its data. */
export async function buildSavedPage() {
  const { outputFiles } = await build({
    absWorkingDir: join(here, '..'),
    entryPoints: { page: 'ui/saved/page.ts', theme: 'ui/theme.ts' },
    outdir: 'saved',
    bundle: true,
    // What is loaded when it is needed elsewhere is in it from the start.
    splitting: false,
    format: 'iife',
    target: 'es2022',
    minify: true,
    write: false,
    legalComments: 'none',
    charset: 'utf8',
    logLevel: 'warning',
    plugins: [withoutWhatAsks]
  })
  const parts = { theme: inline(outputFiles, 'theme.js'), page: inline(outputFiles, 'page.js') }
  const styles = inline(outputFiles, 'page.css')
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(parts.theme)} ${hashOf(parts.page)}`,
    `style-src ${hashOf(styles)}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'"
  ].join('; ')
  // By functions: `$&` in a script would be a pattern.
  return (await readFile(join(here, 'saved.html'), 'utf8'))
    .replace('content=""', () => `content="${policy}"`)
    .replace('<script id="theme"></script>', () => `<script>${parts.theme}</script>`)
    .replace('<style id="styles"></style>', () => `<style>${styles}</style>`)
    .replace('<script id="page"></script>', () => `<script>${parts.page}</script>`)
}

function inline(files, name) {
  const text = files.find(({ path }) => path.endsWith(name)).text.trim()
  if (/<!--|<\/?(?:script|style)/i.test(text))
    throw new Error(`${name} would not end where it ends`)
  return text
}

function hashOf(text) {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}
