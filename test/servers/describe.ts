import { afterAll, describe, test } from 'vitest'
import type { Server } from './home.ts'

/**
 * A `describe` whose tests have a server, which ends with them: `await describeWith(startRedis, 'ioredis', (redis) => { ... })`. Without the
 * server they are skipped, and the reason stands in the title.
 */
export async function describeWith(
  start: () => Promise<Server | string>,
  title: string,
  body: (server: Server) => void | Promise<void>
): Promise<void> {
  const server = await start()
  if (typeof server === 'string') return describeUnless(server, title, () => {})
  describe(title, () => {
    afterAll(() => server.stop())
    // A second server is asked for in here.
    return body(server)
  })
}

/** A `describe` that is skipped when there is a reason against it; with CI set that fails instead, because there nothing may be missing. */
export function describeUnless(reason: string | undefined, title: string, body: () => void): void {
  if (reason === undefined) describe(title, body)
  else
    test.skipIf(!process.env['CI'])(`${title} (skipped: ${reason})`, () => {
      throw new Error(reason)
    })
}
