// What a host does with libraries that are handed over or tell of themselves: small ones that answer at once, and real ones where these need no server.
import { tracingChannel } from 'node:diagnostics_channel'
import { Writable } from 'node:stream'
import { library } from '../libraries/library.js'
import {
  amqplib,
  answer,
  bullmq,
  Channel,
  Client,
  ClientSession,
  Collection,
  ConfirmChannel,
  FindCursor,
  Kafka,
  kafkajs,
  message,
  mongodb,
  pg,
  Pool,
  Queue,
  refused,
  soon,
  Worker
} from './host-fakes.js'

const graphql = library('graphql')
const pino = library('pino-8')
const winston = library('winston')
const Database = library('better-sqlite3')

const modules = { pg, amqplib, bullmq, kafkajs, mongodb, graphql, pino, winston }
export const instrument = { ...modules, 'better-sqlite3': Database }

/** What the host sees of a call: its value, its error and whether that is the very one, and of what class its promise is. */
async function seen(work) {
  let given
  try {
    given = work()
    const promise = given instanceof Promise
    return { promise, value: await given }
  } catch (error) {
    return { promise: given instanceof Promise, error: error.message, same: error === refused }
  }
}

/** The same of a method that calls back: how often, with what `this`, and what it returns. */
function calledBack(call) {
  return new Promise((resolve) => {
    const heard = []
    const returned = call(function (error, value) {
      heard.push([this === undefined || this === globalThis, error === refused, value ?? null])
      if (heard.length === 1) setImmediate(() => setImmediate(resolve, { returned, heard }))
    })
  })
}

/** What a host may hand over where an object is asked for: all that it says are getters, of fields that no copy has. */
class Mail {
  #text

  constructor(text) {
    this.#text = text
  }
  get name() {
    return this.#text
  }
  get value() {
    return this.#text
  }
  get type() {
    return this.#text
  }
  get topic() {
    return this.#text
  }
  get messages() {
    return [{ value: this.#text }]
  }
}

export const parts = {
  async pg() {
    const client = new Client()
    const pool = new Pool()
    const config = { text: 'SELECT 3', callback() {} }
    void client.query(config)
    return [
      await seen(() => client.connect()),
      await seen(() => client.query('BEGIN')),
      await seen(() => client.query('SELECT $1', [1])),
      await seen(() => client.query('SELECT fails')),
      await seen(() => client.query()),
      await calledBack((callback) => client.query('SELECT 1', callback)),
      await calledBack((callback) => client.query('SELECT fails', [], callback)),
      await seen(() => client.query('COMMIT')),
      await seen(async () => (await pool.connect()) instanceof Client),
      await calledBack((callback) => pool.connect((error, one) => callback(error, one.host))),
      config.callback.name
    ]
  },

  async amqplib() {
    const channel = new Channel()
    const confirming = new ConfirmChannel()
    const options = { type: 't', headers: { own: 'x' } }
    const handled = []
    await channel.consume('q', async (one) => {
      handled.push(one?.fields.deliveryTag ?? null)
      if (one?.fields.deliveryTag === 3) throw refused
      return 'handled'
    })
    const results = [
      await seen(() => channel.publish('x', 'k', 'text', options)),
      await seen(() => channel.publish('x', 'fails', 'text', options)),
      await seen(() => channel.publish('x', 'k', 'text', new Mail('v'))),
      await calledBack((callback) => confirming.publish('x', 'k', 'text', options, callback)),
      await calledBack((callback) => confirming.publish('x', 'refused', 'text', {}, callback)),
      await seen(() => channel.callback(message(1))),
      await seen(() => channel.callback(message(2))),
      await seen(() => channel.callback(message(3))),
      await seen(() => channel.callback(null)),
      await seen(async () => (await channel.get('q')).fields.deliveryTag),
      await seen(() => channel.get('')),
      await calledBack((callback) => channel.get('', {}, callback))
    ]
    channel.ack(message(1))
    channel.nackAll()
    channel.toClosed()
    return [...results, handled, channel.closed, Object.keys(options.headers)]
  },

  async bullmq() {
    const queue = new Queue()
    const worker = new Worker()
    const job = { id: '1', name: 'mail', opts: {}, attemptsMade: 1 }
    return [
      await seen(() => queue.add('mail', { to: 'ann' }, { delay: 1 })),
      await seen(() => queue.add('fails', {})),
      await seen(() => queue.addBulk([new Mail('v')])),
      await seen(() => queue.addBulk([{ name: 'a', data: 1 }])),
      await seen(() => worker.run()),
      await seen(() => worker.processJob(job, async () => 'sent')),
      await seen(() => worker.processJob(job, () => Promise.reject(refused)))
    ]
  },

  async kafkajs() {
    const kafka = new Kafka()
    const producer = kafka.producer()
    const consumer = kafka.consumer({ groupId: 'g' })
    const { eachMessage, eachBatch } = await consumer.run({
      eachMessage: async ({ message: { value } }) => value,
      eachBatch: () => Promise.reject(refused)
    })
    const messages = [{ key: 'k', value: 'v' }]
    return [
      await seen(() => producer.send({ topic: 't', messages })),
      await seen(() => producer.send({ topic: 'fails', messages })),
      await seen(() => producer.send({ topic: 't', messages: [new Mail('v')] })),
      await seen(() => producer.send(new Mail('t'))),
      await seen(() => producer.sendBatch({ topicMessages: [{ topic: 't', messages }] })),
      await seen(async () => (await producer.transaction()).send({ topic: 't', messages })),
      await seen(() => eachMessage({ topic: 't', message: { value: 'v', offset: '1' } })),
      await seen(() => eachBatch({ batch: { topic: 't', messages } })),
      Object.keys(messages[0])
    ]
  },

  async mongodb() {
    const collection = new Collection()
    const session = new ClientSession()
    const transaction = { session }
    return [
      await seen(() => collection.insertOne({ _id: 1 })),
      await seen(() => collection.updateMany({ note: 'fails' }, { $set: { a: 1 } })),
      await calledBack((callback) => collection.bulkWrite([1, 2], callback)),
      await seen(() => collection.find({ a: 1 })._initialize()),
      await seen(() => new FindCursor().getMore()),
      await seen(() => new mongodb.Db().command({ ping: 1 })),
      await seen(() => new mongodb.OrderedBulkOperation().execute()),
      session.startTransaction() === session,
      await seen(() => collection.insertOne({ _id: 2 }, transaction)),
      await seen(() => session.commitTransaction()),
      await seen(() => session.abortTransaction())
    ]
  },

  async graphql() {
    const schema = graphql.buildSchema('type Query { name(of: String): String, fails: Int }')
    const rootValue = {
      name: async ({ of }) => of,
      fails() {
        throw refused
      }
    }
    const ask = (source) => graphql.graphql({ schema, source, rootValue })
    const sync = graphql.graphqlSync({ schema, source: '{ fails }', rootValue })
    return [
      await seen(() => ask('query Ask { name(of: "ann") }')),
      await seen(() => ask('{ nothing }')),
      await seen(() => ask('{ broken')),
      [sync.errors[0].message, sync.errors[0].originalError === refused]
    ]
  },

  async sqlite() {
    const db = new Database(':memory:')
    const run = db.exec('CREATE TABLE t (a INTEGER PRIMARY KEY)') === db
    const insert = db.prepare('INSERT INTO t VALUES (?)')
    const all = db.prepare('SELECT a FROM t ORDER BY a')
    const both = db.transaction((a, b) => [insert.run(a).changes, insert.run(b).changes])
    const results = [
      await seen(() => db.prepare('SELECT nothing')),
      await seen(() => both(1, 2)),
      await seen(() => both.immediate(3, 1)),
      await seen(() => all.all()),
      await seen(() => all.get()),
      await seen(() => [...all.iterate()]),
      await seen(() => all.pluck() === all)
    ]
    db.close()
    return [run, ...results, both.name, both.length, Object.keys(both)]
  },

  async loggers() {
    const lines = []
    const logger = pino({ base: null, timestamp: false }, { write: (line) => lines.push(line) })
    logger.info({ id: 7, token: 'x' }, 'found %s', 'it')
    logger.child({ part: 'a' }).error(new Error('no').message)
    const { createLogger, format, transports } = winston
    const stream = new Writable({
      write(chunk, _encoding, done) {
        lines.push(String(chunk))
        done()
      }
    })
    const other = createLogger({
      format: format.json(),
      transports: [new transports.Stream({ stream })]
    })
    other.info('found', { id: 7 })
    other.child({ part: 'a' }).warn('odd')
    await soon()
    return lines
  },

  async channels() {
    const command = tracingChannel('ioredis:command')
    const batch = tracingChannel('node-redis:batch')
    const query = tracingChannel('mysql2:query')
    const pool = tracingChannel('mysql2:pool:connect')
    const told = () => ({ command: 'get', args: ['key'], serverAddress: 'cache', serverPort: 1 })
    const statement = () => ({ query: "SELECT 'x' FROM t", database: 'shop' })
    return [
      await seen(() => command.tracePromise(() => soon(7), told())),
      await seen(() => command.tracePromise(() => Promise.reject(refused), told())),
      await seen(() =>
        batch.tracePromise(() => command.tracePromise(() => soon(8), told()), {
          batchMode: 'MULTI',
          batchSize: 2
        })
      ),
      await seen(() => pool.tracePromise(() => soon(9), statement())),
      await calledBack((callback) =>
        query.traceCallback((done) => answer(done, () => [1]), 0, statement(), undefined, callback)
      )
    ]
  }
}
