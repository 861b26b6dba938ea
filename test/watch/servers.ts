import http from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'

export interface Heard {
  method: string
  url: string
  headers: http.IncomingHttpHeaders
  body: string
}

export interface Served {
  port: number
  heard: Heard[]
  url(path: string): string
  close(): Promise<void>
}

// A shared key instead of a certificate: no private key lies about in the repository.
const key = Buffer.from('0123456789abcdef0123456789abcdef', 'hex')
export const pskServer = { ciphers: 'PSK', maxVersion: 'TLSv1.2', pskCallback: () => key } as const
export const pskClient = {
  ciphers: 'PSK',
  maxVersion: 'TLSv1.2',
  pskCallback: () => ({ psk: key, identity: 'test' }),
  checkServerIdentity: () => undefined
} as const

/**
 * A server with a path for each way a call can go: /ok, /status/500, /redirect, /hang (headers never), /half (the body never ends),
 * /reset (the connection breaks within the body), /close (before any answer), /slow (in two parts), /early (before the upload is done).
 */
export async function serve(secure = false): Promise<Served> {
  const heard: Heard[] = []
  const server = secure ? https.createServer(pskServer, answer) : http.createServer(answer)
  server.on('upgrade', (_request, socket) => {
    socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  function answer(request: http.IncomingMessage, response: http.ServerResponse): void {
    const url = request.url ?? ''
    const entry = { method: request.method ?? '', url, headers: request.headers, body: '' }
    heard.push(entry)
    if (url === '/early') {
      response.writeHead(413, { connection: 'close' }).end('too much')
      return
    }
    request.setEncoding('utf8').on('data', (text: string) => (entry.body += text))
    request.on('end', () => reply(url, request, response))
  }

  return {
    port,
    heard,
    url: (path) => `${secure ? 'https' : 'http'}://127.0.0.1:${port}${path}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
}

function reply(url: string, request: http.IncomingMessage, response: http.ServerResponse): void {
  if (url === '/hang') return
  if (url === '/close') return void request.socket.destroy()
  if (url.startsWith('/status/')) return void response.writeHead(Number(url.slice(8))).end('no')
  if (url === '/redirect') return void response.writeHead(302, { location: '/redirect2' }).end()
  if (url === '/redirect2') return void response.writeHead(307, { location: '/ok' }).end()
  if (url === '/half' || url === '/reset' || url === '/slow') {
    response.writeHead(200, { 'content-length': '10' })
    response.write('12345')
    if (url === '/reset') setTimeout(() => request.socket.resetAndDestroy(), 50)
    if (url === '/slow') setTimeout(() => response.end('67890'), 60)
    return
  }
  response.setHeader('content-length', '2')
  response.end('ok')
}
