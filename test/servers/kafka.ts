import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { host, type Server } from './home.ts'
import { array, bytes, int8, int16, int32, int64, Reader, string, topics } from './kafka-wire.ts'

/**
 * A stand-in for Kafka, which Debian does not package: one broker that speaks the protocol as far as a client needs it to produce and to consume in a
 * group. Each topic has one partition, each group one member, transactions are agreed to and forgotten. Record batches are kept and given back as the
 * bytes that came, so that what is in them, headers above all, is the client's own work.
 */
export async function startKafka(): Promise<Server> {
  const broker = new Broker()
  const server = createServer((socket) => broker.serve(socket)).listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  broker.port = port
  return {
    url: `${host}:${port}`,
    host,
    port,
    async stop() {
      broker.close()
      server.close()
      await once(server, 'close')
    }
  }
}

const versionsKey = 18
const unsupported = Buffer.concat([int16(35), int32(0)])

/** Keys and versions of the requests that are understood: the oldest with headers, so that the fields are few. */
const versions: readonly (readonly [key: number, version: number, answer: Answer])[] = [
  [0, 3, produce],
  [1, 4, fetch],
  [2, 1, listOffsets],
  [3, 1, metadata],
  [8, 2, commitOffsets],
  [9, 1, fetchOffsets],
  [10, 1, findCoordinator],
  [11, 0, joinGroup],
  [12, 0, () => int16(0)],
  [13, 0, () => int16(0)],
  [14, 0, syncGroup],
  [versionsKey, 0, apiVersions],
  [22, 0, () => Buffer.concat([int32(0), int16(0), int64(1), int16(0)])],
  [24, 0, addPartitions],
  [26, 0, () => Buffer.concat([int32(0), int16(0)])]
]

type Answer = (request: Reader, broker: Broker) => Buffer | Promise<Buffer>

interface Batch {
  readonly first: number
  readonly last: number
  readonly bytes: Buffer
}

class Broker {
  port = 0
  readonly logs = new Map<string, Batch[]>()
  readonly committed = new Map<string, number>()
  readonly #sockets = new Set<Socket>()

  serve(socket: Socket): void {
    let read: Buffer = Buffer.alloc(0)
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk) => {
      read = Buffer.concat([read, chunk])
      while (read.length >= 4 && read.length >= 4 + read.readInt32BE()) {
        const end = 4 + read.readInt32BE()
        void this.#answer(socket, new Reader(read.subarray(4, end)))
        read = read.subarray(end)
      }
    })
  }

  async #answer(socket: Socket, request: Reader): Promise<void> {
    const key = request.int16()
    const version = request.int16()
    const correlation = int32(request.int32())
    request.string()
    const known = versions.find((one) => one[0] === key && one[1] === version)
    // As Kafka does it: who asks for the versions in one that is not known is told so; any other unknown request ends the connection.
    if (known === undefined && key !== versionsKey) return void socket.destroy()
    const body = known === undefined ? unsupported : await known[2](request, this)
    socket.write(bytes(Buffer.concat([correlation, body])))
  }

  log(topic: string): Batch[] {
    let log = this.logs.get(topic)
    if (log === undefined) this.logs.set(topic, (log = []))
    return log
  }

  end(topic: string): number {
    return (this.log(topic).at(-1)?.last ?? -1) + 1
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
  }
}

function apiVersions(): Buffer {
  return Buffer.concat([
    int16(0),
    array(versions, ([key, version]) => Buffer.concat([int16(key), int16(version), int16(version)]))
  ])
}

function metadata(request: Reader, broker: Broker): Buffer {
  const names = request.array(() => request.string())
  const partition = Buffer.concat([
    int16(0),
    int32(0),
    int32(1),
    array([1], int32),
    array([1], int32)
  ])
  const noRack = int16(-1)
  return Buffer.concat([
    array([1], (id) => Buffer.concat([int32(id), string(host), int32(broker.port), noRack])),
    int32(1),
    array(names, (name) =>
      Buffer.concat([int16(0), string(name), int8(0), array([partition], (one) => one)])
    )
  ])
}

function produce(request: Reader, broker: Broker): Buffer {
  request.string()
  request.int16()
  request.int32()
  const sent = request.topics(() => ({ partition: request.int32(), batch: request.bytes() }))
  return Buffer.concat([
    topics(sent, ({ partition, batch }, topic) => {
      const first = broker.end(topic)
      // The base offset is the broker's to set; its place comes before what the checksum covers. At 23 stands the last record's delta.
      const kept = Buffer.from(batch)
      kept.writeBigInt64BE(BigInt(first))
      broker.log(topic).push({ first, last: first + batch.readInt32BE(23), bytes: kept })
      return Buffer.concat([int32(partition), int16(0), int64(first), int64(-1)])
    }),
    int32(0)
  ])
}

const maxWaitMs = 50

async function fetch(request: Reader, broker: Broker): Promise<Buffer> {
  request.int32()
  const wait = Math.min(request.int32(), maxWaitMs)
  request.int32()
  request.int32()
  request.int8()
  const asked = request.topics(() => {
    const wanted = { partition: request.int32(), offset: request.int64() }
    request.int32()
    return wanted
  })
  const found = (topic: string, offset: number): Batch[] =>
    broker.log(topic).filter(({ last }) => last >= offset)
  const any = asked.some((one) => one.partitions.some((p) => found(one.topic, p.offset).length > 0))
  if (!any) await new Promise((resolve) => setTimeout(resolve, wait))
  return Buffer.concat([
    int32(0),
    topics(asked, ({ partition, offset }, topic) => {
      const end = int64(broker.end(topic))
      const batches = found(topic, offset).map((batch) => batch.bytes)
      return Buffer.concat([
        Buffer.concat([int32(partition), int16(0), end, end, int32(0)]),
        bytes(Buffer.concat(batches))
      ])
    })
  ])
}

function listOffsets(request: Reader, broker: Broker): Buffer {
  request.int32()
  const asked = request.topics(() => ({ partition: request.int32(), timestamp: request.int64() }))
  return topics(asked, ({ partition, timestamp }, topic) => {
    const offset = timestamp === -1 ? broker.end(topic) : 0
    return Buffer.concat([int32(partition), int16(0), int64(-1), int64(offset)])
  })
}

function commitOffsets(request: Reader, broker: Broker): Buffer {
  const group = request.string()
  request.int32()
  request.string()
  request.int64()
  const given = request.topics(() => {
    const one = { partition: request.int32(), offset: request.int64() }
    request.string()
    return one
  })
  return topics(given, ({ partition, offset }, topic) => {
    broker.committed.set(`${group}\n${topic}`, offset)
    return Buffer.concat([int32(partition), int16(0)])
  })
}

function fetchOffsets(request: Reader, broker: Broker): Buffer {
  const group = request.string()
  const asked = request.topics(() => request.int32())
  return topics(asked, (partition, topic) => {
    const offset = broker.committed.get(`${group}\n${topic}`) ?? -1
    return Buffer.concat([int32(partition), int64(offset), string(''), int16(0)])
  })
}

function findCoordinator(_request: Reader, broker: Broker): Buffer {
  const coordinator = Buffer.concat([int32(1), string(host), int32(broker.port)])
  // Throttle time, no error, and no message of one.
  return Buffer.concat([int32(0), int16(0), int16(-1), coordinator])
}

const member = 'member'

function joinGroup(request: Reader): Buffer {
  request.string()
  request.int32()
  request.string()
  request.string()
  const protocols = request.array(() => ({ name: request.string(), metadata: request.bytes() }))
  const [first] = protocols
  if (first === undefined) return int16(23)
  return Buffer.concat([
    int16(0),
    int32(1),
    string(first.name),
    string(member),
    string(member),
    array([first], ({ metadata: own }) => Buffer.concat([string(member), bytes(own)]))
  ])
}

function syncGroup(request: Reader): Buffer {
  request.string()
  request.int32()
  request.string()
  const [first] = request.array(() => ({ id: request.string(), assignment: request.bytes() }))
  return Buffer.concat([int16(0), bytes(first?.assignment ?? Buffer.alloc(0))])
}

function addPartitions(request: Reader): Buffer {
  request.string()
  request.int64()
  request.int16()
  const added = request.topics(() => request.int32())
  return Buffer.concat([
    int32(0),
    topics(added, (partition) => Buffer.concat([int32(partition), int16(0)]))
  ])
}
