import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setAssetHeaders, setPageHeaders } from './headers.ts'
import { sendBody, sendText } from './respond.ts'

/** What the build of the page writes to `dist/ui/manifest.json`. */
export interface AssetManifest {
  readonly files: readonly {
    /** Path below `dist/ui/`, which is the path below the mount path too: `assets/app.3f2a9c01.js`. */
    readonly name: string
    readonly type: string
    /** Whether `name.gz` and `name.br` lie beside it. */
    readonly gzip?: boolean | string
    readonly br?: boolean | string
  }[]
}

interface Asset {
  readonly type: string
  readonly hashed: boolean
  readonly plain: Buffer
  readonly gzip: Buffer | undefined
  readonly br: Buffer | undefined
}

interface Built {
  readonly shell: string
  /** A page with a gap for the traces that are saved with it: what comes before and after. */
  readonly saved: readonly [string, string] | undefined
  readonly files: ReadonlyMap<string, Asset>
}

const shellName = 'index.html'
const savedName = 'saved.html'
const savedGap = '<!-- saved -->'
// As written, as a formatter leaves it, and as a minifier does.
const baseTag = /<base href="?\/"?\s*\/?>/

/**
 * The page's files, read once when it is first looked at and by exact name from then on: no request reaches the file system
 * (Vite's CVE-2025-30208 was a path that did).
 */
export class Assets {
  readonly #directory: URL
  #built: Built | undefined

  /** The default is right for both `src/serve` and `dist/serve`. */
  constructor(directory: URL = new URL('../../dist/ui/', import.meta.url)) {
    this.#directory = directory
  }

  has(name: string): boolean {
    return this.#load()?.files.has(name) === true
  }

  /** The page, its addresses relative to the mount path. `host` is a Host that passed the gate. */
  sendShell(req: IncomingMessage, res: ServerResponse, mount: string, host: string): void {
    const shell = this.#load()?.shell
    if (shell === undefined) {
      return sendText(
        req,
        res,
        503,
        'The page was not built. In a checkout of spanlight: npm run build\nThe API works without it: api/traces, api/status\n'
      )
    }
    setPageHeaders(res, host)
    res.setHeader('Content-Type', 'text/html; charset=utf-8')
    // A function, because `$&` in a mount path would be a pattern.
    const base = `<base href="${escapeHtml(mount)}/">`
    const html = shell.replace(baseTag, () => base)
    sendBody(req, res, 200, html)
  }

  get savedPage(): readonly [before: string, after: string] | undefined {
    return this.#load()?.saved
  }

  send(req: IncomingMessage, res: ServerResponse, name: string): void {
    const asset = this.#load()?.files.get(name)
    if (asset === undefined) return sendText(req, res, 404, 'no such file\n')
    setAssetHeaders(res, asset.hashed)
    res.setHeader('Content-Type', asset.type)
    res.setHeader('Vary', 'Accept-Encoding')
    const accepted = acceptedEncodings(req.headers['accept-encoding'])
    if (asset.br !== undefined && accepted.has('br')) {
      res.setHeader('Content-Encoding', 'br')
      return sendBody(req, res, 200, asset.br)
    }
    if (asset.gzip !== undefined && accepted.has('gzip')) {
      res.setHeader('Content-Encoding', 'gzip')
      return sendBody(req, res, 200, asset.gzip)
    }
    sendBody(req, res, 200, asset.plain)
  }

  // A page that is not built is looked for again at each view, so that a build need not be followed by a restart.
  #load(): Built | undefined {
    if (this.#built !== undefined) return this.#built
    const read = (name: string): Buffer => readFileSync(new URL(name, this.#directory))
    const variant = (name: string, given: boolean | string, ending: string): Buffer | undefined =>
      given === false ? undefined : read(given === true ? name + ending : given)
    try {
      const files = new Map<string, Asset>()
      const manifest = JSON.parse(read('manifest.json').toString('utf8')) as AssetManifest
      for (const { name, type, gzip = false, br = false } of manifest.files) {
        if (name === shellName || name === savedName) continue
        files.set(name, {
          type,
          hashed: /[.-][\da-z]{8,}\.[a-z\d.]+$/i.test(name),
          plain: read(name),
          gzip: variant(name, gzip, '.gz'),
          br: variant(name, br, '.br')
        })
      }
      const listed = manifest.files.some(({ name }) => name === savedName)
      const saved = listed ? read(savedName).toString('utf8').split(savedGap) : []
      return (this.#built = {
        shell: read(shellName).toString('utf8'),
        saved: saved.length === 2 ? (saved as [string, string]) : undefined,
        files
      })
    } catch {
      return undefined
    }
  }
}

function acceptedEncodings(header: string | string[] | undefined): ReadonlySet<string> {
  const accepted = new Set<string>()
  for (const part of String(header ?? '').split(',', 16)) {
    const [name = '', ...parameters] = part.split(';')
    if (!parameters.some((parameter) => /^\s*q=0(?:\.0*)?\s*$/i.test(parameter)))
      accepted.add(name.trim().toLowerCase())
  }
  return accepted
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
}
