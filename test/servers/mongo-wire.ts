// MongoDB's server cannot be had from Debian. This answers the part of its protocol (OP_MSG, and OP_QUERY for the first greeting) that the tests of
// mongodb and mongoose need, with the BSON of the driver itself: the clients are real, the database is not.
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { library } from '../libraries/library.js'
import { host, type Server } from './home.ts'

export type Doc = Record<string, unknown>

export interface MongoServer extends Server {
  /** The commands of the tests, without greetings and the like. */
  readonly heard: Doc[]
  /** Answers the command of this name, once, in place of what would be answered; null breaks the connection. */
  once(command: string, answer: Doc | null): void
  /** Holds back answers for so long. @default 0 */
  delayMs: number
}

interface Bson {
  serialize(doc: Doc): Uint8Array
  deserialize(bytes: Uint8Array): Doc
  readonly Long: { fromNumber(value: number): unknown }
}

const { serialize, deserialize, Long } = library('bson') as Bson
const query = 2004
const message = 2013
const moreToCome = 2
const greetings = new Set(['hello', 'ismaster', 'isMaster', 'ping', 'endSessions'])

export async function startMongo(): Promise<MongoServer> {
  const heard: Doc[] = []
  const planned = new Map<string, Doc | null>()
  const database = new Database()
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
    receive(socket, (command, reply) => {
      const name = Object.keys(command)[0] ?? ''
      if (!greetings.has(name)) heard.push(command)
      const plan = planned.get(name)
      planned.delete(name)
      if (plan === null) return void socket.destroy()
      const answer = plan ?? database.answer(name, command)
      if (greetings.has(name) || mongo.delayMs === 0) reply(answer)
      else setTimeout(reply, mongo.delayMs, answer)
    })
  })
  await once(server.listen(0, host), 'listening')
  const { port } = server.address() as AddressInfo
  const mongo: MongoServer = {
    url: `mongodb://${host}:${port}/test`,
    host,
    port,
    heard,
    delayMs: 0,
    once: (command, answer) => void planned.set(command, answer),
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    }
  }
  return mongo
}

function receive(socket: Socket, told: (command: Doc, reply: (doc: Doc) => void) => void): void {
  let held: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk])
    while (held.length >= 16 && held.length >= held.readInt32LE(0)) {
      const bytes = held.subarray(0, held.readInt32LE(0))
      held = held.subarray(bytes.length)
      const [id, code] = [bytes.readInt32LE(4), bytes.readInt32LE(12)]
      if (code === query) {
        // Flags, the collection's name, two numbers, the document.
        const at = bytes.indexOf(0, 20) + 1 + 8
        told(deserialize(bytes.subarray(at)), (doc) => socket.write(packed(id, 1, doc)))
      } else if (code === message) {
        const silent = (bytes.readInt32LE(16) & moreToCome) !== 0
        told(sections(bytes), (doc) => silent || socket.write(packed(id, message, doc)))
      }
    }
  })
}

/** The command: one document, and lists of documents that travel beside it. */
function sections(bytes: Buffer): Doc {
  let command: Doc = {}
  const lists: Doc = {}
  for (let at = 20; at < bytes.length;) {
    const kind = bytes[at++]
    const end = at + bytes.readInt32LE(at)
    if (kind === 0) command = deserialize(bytes.subarray(at, end))
    else {
      const name = bytes.subarray(at + 4, bytes.indexOf(0, at + 4)).toString()
      const docs: Doc[] = []
      for (at += 5 + name.length; at < end; at += bytes.readInt32LE(at))
        docs.push(deserialize(bytes.subarray(at, at + bytes.readInt32LE(at))))
      lists[name] = docs
    }
    at = end
  }
  return { ...command, ...lists }
}

function packed(id: number, code: number, doc: Doc): Buffer {
  const body = serialize(doc)
  // Of OP_REPLY: flags, a cursor, a position and a count; of OP_MSG: flags and the kind of its one section.
  const between = Buffer.alloc(code === message ? 5 : 20)
  if (code !== message) between.writeInt32LE(1, 16)
  const head = Buffer.alloc(16)
  head.writeInt32LE(16 + between.length + body.length, 0)
  head.writeInt32LE(id, 8)
  head.writeInt32LE(code, 12)
  return Buffer.concat([head, between, body])
}

/** Collections in memory; filters compare for equality and know no operators. */
class Database {
  readonly #collections = new Map<string, Doc[]>()
  readonly #cursors = new Map<number, Doc[]>()
  #lastCursor = 0

  answer(name: string, command: Doc): Doc {
    const collection = String(command[name])
    const docs = this.#collections.get(collection) ?? []
    this.#collections.set(collection, docs)
    const namespace = `${String(command['$db'])}.${collection}`
    switch (name) {
      case 'insert':
        return insert(docs, command['documents'] as Doc[], namespace)
      case 'find':
        return this.#cursor(matching(docs, command['filter']), command, namespace)
      case 'aggregate':
        return this.#cursor(aggregate(docs, command['pipeline'] as Doc[]), command, namespace)
      case 'getMore':
        return this.#more(command)
      case 'update':
        return update(docs, command['updates'] as Doc[])
      case 'delete':
        return remove(docs, command['deletes'] as Doc[])
      case 'findAndModify': {
        const found = matching(docs, command['query'])[0] ?? null
        const before = found && { ...found }
        if (found) Object.assign(found, (command['update'] as Doc | undefined)?.['$set'])
        return { value: command['new'] === true ? found : before, ok: 1 }
      }
      case 'count':
        return { n: matching(docs, command['query']).length, ok: 1 }
      default:
        return greetings.has(name) ? greeting() : { ok: 1 }
    }
  }

  #cursor(docs: Doc[], command: Doc, ns: string): Doc {
    const limit = (command['limit'] as number | undefined) || docs.length
    const size = (command['batchSize'] ??
      (command['cursor'] as Doc | undefined)?.['batchSize'] ??
      101) as number
    const all = docs.slice(0, limit)
    const rest = all.slice(size)
    const id = rest.length > 0 ? ++this.#lastCursor : 0
    if (id !== 0) this.#cursors.set(id, rest)
    return { cursor: { id: Long.fromNumber(id), ns, firstBatch: all.slice(0, size) }, ok: 1 }
  }

  #more(command: Doc): Doc {
    const id = Number(command['getMore'])
    const size = (command['batchSize'] as number | undefined) ?? 101
    const all = this.#cursors.get(id) ?? []
    const rest = all.slice(size)
    if (rest.length > 0) this.#cursors.set(id, rest)
    else this.#cursors.delete(id)
    const ns = `${String(command['$db'])}.${String(command['collection'])}`
    const next = Long.fromNumber(rest.length > 0 ? id : 0)
    return { cursor: { id: next, ns, nextBatch: all.slice(0, size) }, ok: 1 }
  }
}

function greeting(): Doc {
  return {
    helloOk: true,
    ismaster: true,
    isWritablePrimary: true,
    maxBsonObjectSize: 16_777_216,
    maxMessageSizeBytes: 48_000_000,
    maxWriteBatchSize: 100_000,
    localTime: new Date(),
    minWireVersion: 0,
    maxWireVersion: 21,
    logicalSessionTimeoutMinutes: 30,
    ok: 1
  }
}

function insert(docs: Doc[], added: Doc[], namespace: string): Doc {
  const ids = new Set(docs.map((doc) => String(doc['_id'])))
  const at = added.findIndex((doc) => ids.has(String(doc['_id'])))
  const taken = at < 0 ? added : added.slice(0, at)
  docs.push(...taken)
  if (at < 0) return { n: taken.length, ok: 1 }
  const key = String(added[at]?.['_id'])
  const errmsg = `E11000 duplicate key error collection: ${namespace} index: _id_ dup key: { _id: "${key}" }`
  return { n: taken.length, writeErrors: [{ index: at, code: 11_000, errmsg }], ok: 1 }
}

function update(docs: Doc[], updates: Doc[]): Doc {
  let n = 0
  for (const { q, u, multi } of updates)
    for (const doc of matching(docs, q).slice(0, multi === true ? undefined : 1)) {
      Object.assign(doc, (u as Doc)['$set'])
      n++
    }
  return { n, nModified: n, ok: 1 }
}

function remove(docs: Doc[], deletes: Doc[]): Doc {
  let n = 0
  for (const { q, limit } of deletes)
    for (const doc of matching(docs, q).slice(0, limit === 1 ? 1 : undefined)) {
      docs.splice(docs.indexOf(doc), 1)
      n++
    }
  return { n, ok: 1 }
}

function aggregate(docs: Doc[], pipeline: Doc[]): Doc[] {
  const found = matching(docs, pipeline.find((stage) => '$match' in stage)?.['$match'])
  const counts = pipeline.some((stage) => '$group' in stage || '$count' in stage)
  return counts ? [{ _id: 1, n: found.length, count: found.length }] : found
}

function matching(docs: readonly Doc[], filter: unknown): Doc[] {
  const entries = Object.entries((filter ?? {}) as Doc)
  return docs.filter((doc) => entries.every(([key, value]) => String(doc[key]) === String(value)))
}
