import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { Report } from '../../base/report.ts'
import { createGuard } from '../../base/safely.ts'
import { startsWithHeader } from './document.ts'
import { createSamplingServer } from './sampling.ts'

export interface SegmentReceiverSetup {
  /** Takes a body of documents; what it refuses, it counts. */
  readonly take: (body: Buffer, format: 'xray') => Promise<unknown>
  /** Whether a peer may send; a datagram has no token. */
  readonly admits: (address: string) => boolean
  readonly report: Report
}

export interface SegmentReceiver {
  /** Gives the port, which is the same for UDP and TCP; rejects when it cannot be had. */
  listen(port: number, host: string): Promise<number>
  /** Ends at once; what has arrived and was not taken is lost. */
  close(): void
}

/** Bytes that are taken as one body, as many as of a sender over HTTP. */
const maxBody = 1024 * 1024
/** What may wait until it is taken. Datagrams cannot be told to come later: what is more is dropped and counted. */
const maxWaiting = { bytes: 4 * 1024 * 1024, datagrams: 2000 }
/** Milliseconds that are waited for more: a service sends one datagram for each request. */
const gatherMs = 100

/** A header begins a line; that a document ends one is not said. */
const lineEnd = Buffer.from('\n')

/** What the X-Ray daemon is to its SDKs: segment documents over UDP, sampling rules over TCP, on one port. Keeps no process alive. */
export function createSegmentReceiver(setup: SegmentReceiverSetup): SegmentReceiver {
  const { report, admits } = setup
  const guard = createGuard('the X-Ray port', report)
  const sampling = createSamplingServer({ guard, admits })
  let waiting: Buffer[] = []
  let bytes = 0
  let gathering: NodeJS.Timeout | undefined
  let taking = false
  let socket: Socket | undefined

  function onDatagram(datagram: Buffer, address: string): void {
    const fits =
      waiting.length < maxWaiting.datagrams && bytes + datagram.length <= maxWaiting.bytes
    if (!admits(address) || !fits) return report.drop('ingest refused')
    if (!startsWithHeader(datagram)) return report.drop('ingest invalid')
    waiting.push(datagram)
    bytes += datagram.length
    gathering ??= setTimeout(takeSoon, gatherMs).unref()
  }

  function takeSoon(): void {
    gathering = undefined
    if (!taking) takeAll().catch(guard.failed)
  }

  // One body after the other, so that what comes meanwhile waits here, where it is bounded.
  async function takeAll(): Promise<void> {
    taking = true
    try {
      while (waiting.length > 0) await setup.take(nextBody(), 'xray')
    } finally {
      taking = false
    }
  }

  function nextBody(): Buffer {
    let size = 0
    const more = waiting.findIndex((datagram) => (size += datagram.length) > maxBody)
    const taken = more === -1 ? waiting : waiting.slice(0, more)
    waiting = more === -1 ? [] : waiting.slice(more)
    for (const datagram of taken) bytes -= datagram.length
    return Buffer.concat(taken.flatMap((datagram) => [datagram, lineEnd]))
  }

  return {
    async listen(port, host) {
      const bound = await sampling.listen(port, host)
      const udp = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
      socket = udp
      udp.unref()
      udp.on('message', (datagram, { address }) => guard(() => onDatagram(datagram, address)))
      return new Promise((resolve, reject) => {
        udp.once('error', (error) => {
          sampling.close()
          reject(error)
        })
        udp.bind(bound, host, () => {
          udp.removeAllListeners('error').on('error', guard.failed)
          resolve(bound)
        })
      })
    },
    close() {
      clearTimeout(gathering)
      waiting = []
      sampling.close()
      socket?.close()
      socket = undefined
    }
  }
}
