import { connect, createServer, type Server } from 'node:net'

/**
 * A name of the attacker's that leads to the victim once the attacker's page has come from it. What the victim's process gets, byte for byte, is
 * what it would get after a change of the name's address.
 */
export function rebind(port: number): Server {
  return createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.once('data', (first: Buffer) => {
      if (first.toString('latin1').startsWith('GET /attack ')) {
        const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n'
        socket.end(`${head}<!doctype html><body></body>`)
        return
      }
      const victim = connect(port, '127.0.0.1', () => victim.write(first))
      victim.on('error', () => socket.destroy())
      victim.pipe(socket).pipe(victim)
    })
  })
}
