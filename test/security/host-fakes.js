// Libraries whose shape is that of the real ones, and which answer at once.
import { createRequire } from 'node:module'

export const soon = (value) => new Promise((resolve) => setImmediate(resolve, value))

/** Calls back, or gives a promise. */
export function answer(callback, work) {
  if (typeof callback !== 'function') return soon().then(work)
  setImmediate(() => {
    let result
    try {
      result = work()
    } catch (error) {
      return callback(error)
    }
    callback(null, result)
  })
}

export const refused = Object.assign(new Error('refused by the database'), { code: '23505' })
const failing = (text) => {
  if (String(text).includes('fails')) throw refused
}

export class Client {
  host = 'db'
  database = 'shop'
  connect(callback) {
    return answer(callback, () => undefined)
  }
  query(config, values, callback) {
    const text = config?.text ?? config
    if (text === undefined) throw new TypeError('no query')
    const last = [config?.callback, values, callback].find((one) => typeof one === 'function')
    return answer(last, () => {
      failing(text)
      return { command: String(text).split(' ')[0], rowCount: 1, fields: [1], rows: [{ text }] }
    })
  }
}
export class Pool {
  options = { max: 1 }
  _pendingQueue = []
  get waitingCount() {
    return this._pendingQueue.length
  }
  get idleCount() {
    return 0
  }
  connect(callback) {
    return answer(callback, () => this.newClient({}))
  }
  newClient() {
    return new Client()
  }
}
export const pg = { Client, Pool }

export class Channel {
  closed = false
  publish(_exchange, key, content, options) {
    if (key === 'fails') throw refused
    return `${content} ${options?.type}`
  }
  consume(_queue, callback) {
    this.callback = callback
    return soon({ consumerTag: 'c' })
  }
  get(queue, _options, callback) {
    return answer(callback, () => (queue === '' ? false : message(9)))
  }
  ack() {}
  ackAll() {}
  nack() {}
  nackAll() {}
  reject() {}
  toClosed() {
    this.closed = true
  }
}
export class ConfirmChannel extends Channel {
  publish(exchange, key, content, options, callback) {
    setImmediate(() => callback?.(key === 'refused' ? refused : null))
    return super.publish(exchange, key, content, options)
  }
}
export const message = (deliveryTag) => ({
  fields: { deliveryTag, exchange: 'x', routingKey: 'k', redelivered: true },
  properties: { messageId: 'm', headers: { traceparent: 'none' } },
  content: Buffer.from('{}')
})
export const amqplib = { connect() {}, credentials: {} }
// What its package shares between its own files is found among the modules that are loaded.
createRequire(import.meta.url).cache['/nowhere/amqplib/channel_api.js'] = {
  exports: amqplib,
  filename: '/nowhere/amqplib/channel_api.js',
  require: (path) =>
    path.endsWith('callback_model.js')
      ? { Channel: class extends Channel {}, ConfirmChannel: class extends ConfirmChannel {} }
      : { Channel, ConfirmChannel }
}

export class Queue {
  name = 'mails'
  opts = {}
  async add(name, data, opts) {
    if (name === 'fails') throw refused
    return { name, data, keys: Object.keys(opts ?? {}).filter((key) => key !== 'telemetry') }
  }
  async addBulk(jobs) {
    return jobs.map(({ name, data }) => ({ name, data }))
  }
}
export class Worker {
  name = 'mails'
  opts = {}
  async run() {
    return soon('ran')
  }
  async processJob(job, handler) {
    try {
      return await this.callProcessJob(job, handler)
    } catch (error) {
      return error === refused
    }
  }
  callProcessJob(job, handler) {
    return handler(job)
  }
}
export const bullmq = { Queue, Worker }

export class Kafka {
  producer() {
    return {
      send: async ({ topic, messages }) => {
        if (topic === 'fails') throw refused
        return messages.map(({ key, value }) => [key, value])
      },
      sendBatch: async ({ topicMessages }) => topicMessages.map(({ topic }) => topic),
      transaction: async () => this.producer()
    }
  }
  consumer() {
    return { run: async ({ eachMessage, eachBatch }) => ({ eachMessage, eachBatch }) }
  }
}
export const kafkajs = { Kafka }

const calls = {
  insertOne: (document) => ({ insertedId: document._id }),
  updateMany: (filter) => failing(filter.note),
  bulkWrite: (list) => ({ count: list.length })
}
export class Collection {
  collectionName = 'orders'
  dbName = 'shop'
  find(filter) {
    return Object.assign(new FindCursor(), { filter })
  }
}
for (const [name, work] of Object.entries(calls))
  Collection.prototype[name] = function (argument, ...rest) {
    return answer(rest.at(-1), () => work(argument))
  }
class AbstractCursor {
  getMore() {
    return soon({ cursor: { nextBatch: [1, 2] } })
  }
}
export class FindCursor extends AbstractCursor {
  async _initialize() {
    return { response: { cursor: { firstBatch: [this.filter] } } }
  }
}
class AggregationCursor extends FindCursor {
  async _initialize() {
    return 1
  }
}
export class ClientSession {
  startTransaction() {
    return this
  }
  async commitTransaction() {
    return 'committed'
  }
  async abortTransaction() {
    throw refused
  }
}
class Bulk {
  async execute() {
    return 'executed'
  }
}
export const mongodb = {
  Collection,
  AbstractCursor,
  FindCursor,
  AggregationCursor,
  ClientSession,
  MongoClient: Kafka,
  Db: class {
    async command(command) {
      return Object.keys(command)
    }
  },
  ChangeStreamCursor: class extends AbstractCursor {},
  OrderedBulkOperation: class extends Bulk {}
}
