// Secrets and innocent values as libraries meet them: those that tell of themselves, as their channels do it, and small or real ones that are handed over.
import { tracingChannel } from 'node:diagnostics_channel'
import { library } from '../libraries/library.js'
import {
  amqplib,
  bullmq,
  Channel,
  Collection,
  Kafka,
  kafkajs,
  mongodb,
  Queue,
  Worker
} from './host-fakes.js'
import { attempt } from './canary-tools.js'

const graphql = library('graphql')
const pino = library('pino')
const winston = library('winston')

export const instrument = { amqplib, bullmq, kafkajs, mongodb, graphql, winston }

const tell = (name, message, error) =>
  attempt(() =>
    tracingChannel(name).tracePromise(async () => {
      if (error !== undefined) throw error
    }, message)
  )
const redis = (command, ...args) => tell('ioredis:command', { command, args })
const refused = (command, message) =>
  tell('node-redis:command', { command, args: [command] }, new Error(message))
const mysql = (query, error) => tell('mysql2:query', { query, database: 'shop' }, error)
const mysqlError = (code, message) => Object.assign(new Error(message), { code, errno: 1062 })
const orders = new Collection()
const schema = graphql.buildSchema('type Query { user(name: String, password: String): String }')
const ask = (source, variableValues) =>
  graphql.graphql({ schema, source, variableValues, rootValue: { user: () => 'x' } })
const line = pino({ base: null }, { write() {} })
const other = winston.createLogger({
  format: winston.format.json(),
  transports: [new winston.transports.Console({ silent: false, log: (_info, done) => done() })]
})
const message = (headers, exchange = 'x') => ({
  fields: { deliveryTag: 1, exchange, routingKey: 'k' },
  properties: { headers, messageId: 'm' },
  content: Buffer.from(JSON.stringify(headers))
})
const post = (target, type, body) =>
  fetch(target, { method: 'POST', headers: { 'content-type': type }, body })

export function secretLibraries(target) {
  return {
    'redis login': (c) => redis('auth', 'ann', c),
    'redis value': (c) => redis('set', 'user:1', c),
    'redis key of a session': (c) => redis('get', `sess:${c}`),
    'redis key by its name': (c) => redis('get', `user:7:token:${c}`),
    'redis script': (c) => redis('eval', `return "${c}"`, '0'),
    'redis unknown command': (c) => redis(`X${c}`.repeat(6)),
    'redis config': (c) => redis('config', 'set', 'requirepass', c),
    'redis refused': (c) =>
      refused('NOPE', `ERR unknown command 'NOPE', with args beginning with: '${c}'`),
    'mysql literal': (c) => mysql(`SELECT * FROM t WHERE a = '${c}' AND b = "${c}"`),
    'mysql comment': (c) => mysql(`SELECT 1 # ${c}`),
    'mysql duplicate': (c) =>
      mysql('INSERT', mysqlError('ER_DUP_ENTRY', `Duplicate entry '${c}' for key 't.PRIMARY'`)),
    'mysql syntax error': (c) =>
      mysql('X', mysqlError('ER_PARSE_ERROR', `error near ''${c}'' at line 1`)),
    'mongo filter': (c) => orders.find({ email: c })._initialize(),
    'mongo document': (c) => orders.insertOne({ _id: 1, password: c, deep: [{ note: c }] }),
    'mongo update': (c) => orders.updateMany({ a: 1 }, { $set: { note: c } }),
    'graphql literal': (c) => ask(`{ user(name: "${c}") }`),
    'graphql block': (c) => ask(`{ user(name: """${c}""") }`),
    'graphql variable': (c) => ask('query Q($p: String) { user(password: $p) }', { p: c }),
    'graphql refused': (c) => ask(`{ user(name: { a: "${c}" }) }`),
    'graphql broken': (c) => ask(`{ user(name: "ok") "${c}"`),
    'queue payload': (c) =>
      new Channel().publish('x', 'k', Buffer.from(c), { headers: { auth: c } }),
    'queue header': async (c) => {
      const channel = new Channel()
      await channel.consume('q', () => {})
      await channel.callback(message({ 'x-token': c, traceparent: c }))
    },
    'job data': (c) => new Queue().add('mail', { password: c }, { jobId: 'j' }),
    'job error': (c) =>
      new Worker().processJob({ name: 'mail', opts: {} }, () =>
        Promise.reject(new Error(`login password=${c}`))
      ),
    'kafka payload': (c) =>
      new Kafka()
        .producer()
        .send({ topic: 't', messages: [{ key: c, value: c, headers: { a: c } }] }),
    'pino field': (c) => line.info({ user: { apiKey: c } }, 'in'),
    'pino text': (c) => line.warn('token=%s', c),
    'pino error': (c) => line.error(new Error(`at redis://:${c}@cache`), 'failed'),
    'pino bindings': (c) => line.child({ session_id: c }).info('in'),
    'winston field': (c) => other.info('in', { password: c, deep: [{ secret: c }] }),
    'winston text': (c) => other.warn(`Bearer ${c}`),
    'winston error': (c) => other.error(new Error(`pwd=${c}`)),
    'fetch JSON': (c) => post(target, 'application/json', JSON.stringify({ token: c }))
  }
}

export function plainLibraries() {
  return {
    'redis key': (v) => redis('get', `cart:${v}`),
    'mysql column': (v) => mysql(`SELECT ${v} FROM t WHERE a = 'x'`),
    'mysql table': (v) => mysql(`INSERT INTO ${v} VALUES (1)`),
    'mongo key': (v) => orders.find({ [v]: 1 })._initialize(),
    'graphql field': (v) => ask(`query ${v} { user }`),
    'queue exchange': (v) => new Channel().publish(v, 'k', Buffer.from(''), {}),
    'kafka topic': (v) => new Kafka().producer().send({ topic: v, messages: [{ value: 'x' }] }),
    'pino field': (v) => line.info({ user: { city: v } }, 'in'),
    'pino text': (v) => line.info(`found ${v}`),
    'winston field': (v) => other.info('in', { city: v }),
    'winston text': (v) => other.info(`found ${v}`)
  }
}
