import { createServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import type { Destination } from '../../../src/interop/export/destination.ts'
import { until } from '../../until.ts'
import { exporting, traceOf } from './collector.ts'
import { httpTalks, type Talk } from './talks.ts'

const warnings: Error[] = []
const onWarning = (warning: Error): void => void warnings.push(warning)
process.on('warning', onWarning)
afterEach(() => expect(warnings.splice(0)).toEqual([]))

/** Sends two spans to somebody who talks so, from when the request begins or from when the connection is made. */
async function sendTo(
  talk: Talk['talk'],
  more: Partial<Destination>,
  scheme: 'http' | 'https' = 'http'
) {
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((socket) => {
    connections++
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.once('data', () => talk(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const exporter = exporting(
    `${scheme}://127.0.0.1:${port}/v1/traces`,
    { timeoutMs: 120, ...more },
    { retryMs: 20, giveUpMs: 60 }
  )
  exporter.export(traceOf(2))
  await until(() => exporter.figures().waiting === 0)
  const { sent, failed, dropped } = exporter.figures()
  expect(sent + failed + dropped).toBe(2)
  await exporter.close(0)
  // However it was talked to, it hangs up.
  await until(() => sockets.size === 0)
  return { sent, failed, connections, drops: exporter.drops(), lines: exporter.lines }
}

describe('an exporter whose collector says', () => {
  it.each(Object.entries(httpTalks))('%s counts its spans', async (_what, { talk, becomes }) => {
    const { sent, failed, connections, drops, lines } = await sendTo(talk, {})
    expect({ sent, failed }).toEqual(
      becomes === 'sent' ? { sent: 2, failed: 0 } : { sent: 0, failed: 2 }
    )
    expect(drops).toEqual(becomes === 'sent' ? {} : { 'export failed': 2 })
    expect(lines).toHaveLength(becomes === 'sent' ? 0 : 1)
    // Nobody is asked without a pause, whatever he wishes.
    expect(connections).toBeLessThan(10)
    if (becomes === 'retry') expect(lines[0]).toContain('it is tried again')
  })

  it.each(Object.entries(httpTalks))('%s to gRPC counts them, too', async (_what, { talk }) => {
    const { failed, drops, lines } = await sendTo(talk, { transport: 'grpc' })
    expect(failed).toBe(2)
    expect(drops).toEqual({ 'export failed': 2 })
    expect(lines).toHaveLength(1)
  })

  it.each([
    ['nothing', 'http'],
    ['garbage', 'http'],
    ['a reset', 'http'],
    ['no HTTP', 'http'],
    ['nothing', 'grpc'],
    ['garbage', 'grpc'],
    ['a reset', 'grpc'],
    ['no HTTP', 'grpc']
  ] as const)('%s in place of a TLS handshake counts them, by %s', async (what, transport) => {
    const { talk } = httpTalks[what] as Talk
    const { failed, lines } = await sendTo(talk, { transport }, 'https')
    expect(failed).toBe(2)
    expect(lines).toHaveLength(1)
  })
})
