import type { Socket } from 'node:net'

/** What somebody says who has been sent the beginning of a request. */
export interface Talk {
  readonly talk: (socket: Socket) => void
  /** A whole answer of HTTP: who asked has something to read. */
  readonly answer?: boolean
  /** What becomes of spans that were sent: by the first line of an answer, be what follows as odd as it may. */
  readonly becomes: 'sent' | 'retry' | 'refused'
}

/** As fast as the other side takes it, or in steps, until that hangs up. */
function forever(socket: Socket, text: string | Buffer, everyMs?: number): void {
  if (everyMs !== undefined) {
    const timer = setInterval(() => socket.write(text), everyMs)
    socket.on('close', () => clearInterval(timer))
    return
  }
  const more = (): void => {
    while (!socket.destroyed && socket.write(text));
  }
  socket.on('drain', more)
  more()
}

const says =
  (text: string) =>
  (socket: Socket): void =>
    void socket.end(text)
const begins = (text: string, then: string, everyMs?: number) => (socket: Socket) => {
  socket.write(text)
  forever(socket, then, everyMs)
}

export const httpTalks: Readonly<Record<string, Talk>> = {
  nothing: { talk: () => {}, becomes: 'retry' },
  'a reset': { talk: (socket) => void socket.resetAndDestroy(), becomes: 'retry' },
  'an end': { talk: says(''), becomes: 'retry' },
  garbage: { talk: (socket) => forever(socket, Buffer.alloc(4096, 0xfe)), becomes: 'retry' },
  'no HTTP': { talk: says('SSH-2.0-OpenSSH_9.2\r\n'), becomes: 'retry' },
  'HTTP of its first version': { talk: says('<html>hello</html>'), becomes: 'retry' },
  'frames of HTTP/2': {
    talk: (socket) => void socket.end(Buffer.from('000000040000000000', 'hex')),
    becomes: 'retry'
  },
  'an upgrade': {
    talk: says('HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nabc'),
    becomes: 'retry'
  },
  'half a first line': { talk: (socket) => void socket.write('HTTP/1.1 20'), becomes: 'retry' },
  'headers without an end': {
    talk: begins('HTTP/1.1 200 OK\r\n', `x: ${'y'.repeat(1000)}\r\n`),
    becomes: 'retry'
  },
  'headers byte by byte': { talk: begins('HTTP/1.1 200 OK\r\nx: ', 'y', 10), becomes: 'retry' },
  'hints without an end': {
    talk: (socket) => forever(socket, 'HTTP/1.1 103 X\r\nlink: x\r\n\r\n'.repeat(100)),
    becomes: 'retry'
  },
  'invitations without an end': {
    talk: (socket) => forever(socket, 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(100)),
    becomes: 'retry'
  },
  'two lengths': {
    talk: says(
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'
    ),
    becomes: 'retry'
  },
  'a body without an end': {
    talk: begins('HTTP/1.1 200 OK\r\n\r\n', 'x'.repeat(65_536)),
    becomes: 'sent'
  },
  'a body byte by byte': { talk: begins('HTTP/1.1 200 OK\r\n\r\n', 'x', 10), becomes: 'sent' },
  'half a body': { talk: says('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx'), becomes: 'sent' },
  'half a body of a refusal': {
    talk: says('HTTP/1.1 400 X\r\nContent-Length: 100\r\n\r\nx'),
    becomes: 'refused'
  },
  'chunks that are none': {
    talk: says('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc'),
    becomes: 'sent'
  },
  'trailers without an end': {
    talk: begins(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n',
      'x: y\r\n'.repeat(500)
    ),
    becomes: 'sent'
  },
  'an old answer': { talk: says('HTTP/1.0 200 OK\r\n\r\n{}'), answer: true, becomes: 'sent' },
  'two answers': {
    talk: says('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 500 X\r\n\r\n'),
    answer: true,
    becomes: 'sent'
  },
  'a redirect': {
    talk: says('HTTP/1.1 307 X\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n'),
    answer: true,
    becomes: 'refused'
  },
  'a status that is none': {
    talk: says('HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n'),
    answer: true,
    becomes: 'refused'
  },
  ...Object.fromEntries(
    ['0', '-1', 'NaN', '1e999', '99999999999999999999', 'Thu, 01 Jan 1970 00:00:00 GMT', 'x'].map(
      (wish): [string, Talk] => [
        `Retry-After: ${wish}`,
        {
          talk: says(`HTTP/1.1 503 X\r\nRetry-After: ${wish}\r\nContent-Length: 0\r\n\r\n`),
          answer: true,
          becomes: 'retry'
        }
      ]
    )
  )
}
