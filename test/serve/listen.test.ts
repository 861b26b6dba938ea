import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { buildSync } from 'esbuild'
import { afterEach, describe, expect, it } from 'vitest'
import { listenForPages, type PageServer } from '../../src/serve/listen.ts'
import { createServe, type Serve } from '../../src/serve/serve.ts'
import { ask, listen, Memory, openPage, setupOf, silentReport, stop, token } from './fixtures.ts'

const open: (Serve | PageServer)[] = []
afterEach(() => {
  for (const part of open.splice(0)) part.close()
})

function start(
  port: number,
  lines: string[] = [],
  host = '127.0.0.1'
): { pages: PageServer; serve: Serve } {
  const report = silentReport(lines)
  const serve = createServe(setupOf(new Memory(), { report, token }))
  const pages = listenForPages({ serve, path: '/_traces', port, host, report })
  open.push(serve, pages)
  return { pages, serve }
}

describe('a port of its own', () => {
  it('carries the page, its API and its socket, and nothing else', async () => {
    const { pages } = start(0)
    const origin = await pages.origin
    expect(origin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    const port = Number(new URL(origin!).port)
    expect((await ask(port, '/_traces/')).body).toContain('<base href="/_traces/">')
    expect((await ask(port, '/_traces/api/status')).status).toBe(200)
    const root = await ask(port, '/')
    expect([root.status, root.headers.location]).toEqual([302, '_traces/'])
    expect((await ask(port, '/shop')).status).toBe(404)
    const page = await openPage({ port })
    expect((await page.next('hello')).seq).toBe(0)
    page.ws.terminate()
  })

  it('is behind the same gate', async () => {
    const { pages, serve } = start(0)
    const port = Number(new URL((await pages.origin)!).port)
    expect((await ask(port, '/_traces/', { headers: { host: 'evil.com' } })).status).toBe(403)
    expect(serve.mode).toBe('token')
    expect((await ask(port, '/_traces/api/status')).status).toBe(401)
  })

  it('is written with brackets where it is IPv6', async () => {
    const { pages } = start(0, [], '::1')
    expect((await pages.origin) ?? 'http://[::1]:1').toMatch(/^http:\/\/\[::1\]:\d+$/)
  })

  it('that is taken is said, and nothing is thrown', async () => {
    const other = createServer()
    const port = await listen(other)
    const lines: string[] = []
    const { pages } = start(port, lines)
    expect(await pages.origin).toBeUndefined()
    expect(lines).toEqual([
      `spanlight: the page's own port ${port} is taken: choose another one with listen: { port }\n`
    ])
    await stop(other)
  })

  it('keeps no process alive, not even with a page connected', async () => {
    const { outputFiles } = buildSync({
      stdin: { contents: hostWithPage, resolveDir: import.meta.dirname, loader: 'ts' },
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      packages: 'external'
    })
    const arguments_ = ['--input-type=module', '--eval', outputFiles[0].text]
    const child = spawn(process.execPath, arguments_, { stdio: ['ignore', 'pipe', 'inherit'] })
    const output: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
    const [code] = (await once(child, 'close')) as [number]
    expect([code, Buffer.concat(output).toString()]).toEqual([0, 'connected\n'])
  })
})

const hostWithPage = `
  import { connect } from 'node:net'
  import { listenForPages } from '../../src/serve/listen.ts'
  import { createServe } from '../../src/serve/serve.ts'
  import { Memory, setupOf, silentReport } from './fixtures.ts'
  const report = silentReport()
  const serve = createServe(setupOf(new Memory(), { report }))
  const pages = listenForPages({ serve, path: '/_traces', port: 0, host: '127.0.0.1', report })
  const hold = setTimeout(() => process.exit(1), 10_000)
  const { port } = new URL(await pages.origin)
  const socket = connect(Number(port), '127.0.0.1', () =>
    socket.write('GET /_traces/live HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n')
  )
  socket.once('data', () => {
    console.log('connected')
    clearTimeout(hold)
    // The page is another process's: its end of the connection is not ours to wait for.
    socket.unref()
  })
`
