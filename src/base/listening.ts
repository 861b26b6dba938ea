import type { AddressInfo, Server } from 'node:net'

/** Gives the port; rejects when it cannot be had. What goes wrong later is told to `failed`. */
export function listening(
  server: Server,
  port: number,
  host: string,
  failed: (error: unknown) => void
): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      server.on('error', failed)
      resolve((server.address() as AddressInfo).port)
    })
  })
}
