import { published } from './published.ts'

/** How calls of a library come to be recorded, if they do. */
export type Way =
  /** It tells of its calls itself. */
  | { readonly by: 'channels'; readonly since: string }
  /** Its module is handed over, by hand or by `spanlight/register`. */
  | { readonly by: 'module'; readonly importing: string; readonly since: string }
  /** Its requests come in through one of these, of which one was seen. */
  | { readonly by: 'server'; readonly of: readonly string[]; readonly line: string }
  /** It is a client that sends by one of Node's. */
  | { readonly by: 'client'; readonly of: 'fetch' | 'http' }
  /** It is a layer over drivers, which are traced. */
  | { readonly by: 'drivers'; readonly drivers: readonly string[] }
  /** Through OpenTelemetry; `scopes` are the names of tracers that tell that it does. */
  | { readonly by: 'OpenTelemetry'; readonly scopes: readonly string[]; readonly line: string }
  | { readonly by: 'nothing'; readonly why: string }

export interface KnownLibrary {
  /** Of its package. */
  readonly name: string
  /** The first one that is possible is suggested. */
  readonly ways: readonly [Way, ...Way[]]
}

const mount = (name: string): Way => ({
  by: 'server',
  of: [name],
  line: `app.use(tracing()) // first of all; import { tracing } from 'spanlight/${name}'`
})
// Servers of Node's, which `spanlight/register` and `traced()` follow whatever framework is behind them.
const bare = ['http', 'https', 'http2']
const served = (...frameworks: string[]): Way => ({
  by: 'server',
  of: [...bare, ...frameworks],
  line: 'node --import spanlight/register app.js'
})
const http: Way = { by: 'client', of: 'http' }
const fetch: Way = { by: 'client', of: 'fetch' }

const handed = (importing: string, since = ''): Way => ({ by: 'module', importing, since })
const drivers = (...names: string[]): Way => ({ by: 'drivers', drivers: names })
const nothing = (why: string): Way => ({ by: 'nothing', why })

function instrumentation(name: string, of: string): Way {
  const scope = `@opentelemetry/instrumentation-${name}`
  const line = `new ${of}Instrumentation() // before it is loaded; import { ${of}Instrumentation } from '${scope}'`
  return { by: 'OpenTelemetry', scopes: [scope], line }
}

const sql = ['pg', 'mysql2', 'better-sqlite3', 'node:sqlite']
const itself: [string, Way][] = published.map(({ name, since }) => [
  name,
  { by: 'channels', since }
])

const rows: readonly (readonly [name: string, ...ways: [Way, ...Way[]]])[] = [
  ['express', mount('express')],
  ['koa', mount('koa')],
  ['fastify', served('fastify')],
  ['@nestjs/core', served('express', 'fastify')],
  ['hono', served()],
  ['@hapi/hapi', served()],
  ['restify', served()],
  [
    'next',
    {
      by: 'server',
      of: bare,
      line: "NODE_OPTIONS='--import spanlight/register' next start // Next makes spans of its own, which come along"
    }
  ],

  ...itself,
  ['pg', handed("pg from 'pg'", '8.0.0')],
  ['mongodb', handed("* as mongodb from 'mongodb'"), instrumentation('mongodb', 'MongoDB')],
  ['better-sqlite3', handed("Database from 'better-sqlite3'")],
  ['node:sqlite', handed("* as sqlite from 'node:sqlite'")],
  [
    'postgres',
    nothing('postgres.js has no diagnostics channels yet, and nothing else that tells of a call')
  ],
  ['mysql', instrumentation('mysql', 'MySQL')],
  ['tedious', instrumentation('tedious', 'Tedious')],
  ['cassandra-driver', instrumentation('cassandra-driver', 'CassandraDriver')],
  ['memcached', instrumentation('memcached', 'Memcached')],
  ['knex', drivers(...sql)],
  ['sequelize', drivers(...sql)],
  ['typeorm', drivers(...sql, 'mongodb')],
  ['drizzle-orm', drivers(...sql)],
  ['kysely', drivers(...sql)],
  ['@mikro-orm/core', drivers(...sql, 'mongodb')],
  [
    '@prisma/client',
    {
      by: 'OpenTelemetry',
      scopes: ['prisma', '@prisma/instrumentation'],
      line: "new PrismaInstrumentation() // import { PrismaInstrumentation } from '@prisma/instrumentation'"
    }
  ],

  ['kafkajs', handed("kafkajs from 'kafkajs'")],
  ['amqplib', handed("amqp from 'amqplib'")],
  ['bullmq', handed("* as bullmq from 'bullmq'")],
  ['graphql', handed("* as graphql from 'graphql'")],

  ['pino', handed("pino from 'pino'"), { by: 'channels', since: '9.10.0' }],
  ['winston', handed("winston from 'winston'", '3.3.0')],
  ['bunyan', nothing('its lines are not read; the console, pino and winston are')],
  ['log4js', nothing('its lines are not read; the console, pino and winston are')],

  ['undici', fetch],
  ['ky', fetch],
  ['ofetch', fetch],
  ['openai', fetch],
  ['@anthropic-ai/sdk', fetch],
  ['axios', http],
  ['got', http],
  ['node-fetch', http],
  ['superagent', http],
  ['needle', http],
  ['@smithy/node-http-handler', http],
  ['@aws-sdk/client-s3', http],
  ['@aws-sdk/client-dynamodb', http],
  ['@aws-sdk/client-sqs', http],
  ['aws-sdk', http],
  ['stripe', http],
  [
    'ai',
    {
      by: 'OpenTelemetry',
      scopes: ['ai'],
      line: 'experimental_telemetry: { isEnabled: true } // in each call'
    }
  ],
  ['@grpc/grpc-js', instrumentation('grpc', 'Grpc')],
  ['socket.io', instrumentation('socket.io', 'SocketIo')],
  [
    'ws',
    nothing(
      'messages of a WebSocket have no request that they belong to; withSpan() makes a span of one'
    )
  ]
]

/** Every library that Spanlight has something to say of. */
export const knownLibraries: ReadonlyMap<string, KnownLibrary> = new Map(
  rows.map(([name, ...ways]) => [name, { name, ways }])
)
