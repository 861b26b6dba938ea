/**
 * The modules to watch, handed over by the names they are imported by: what `import` gives, whole or its default, or what `require` gives.
 * Whatever is wrapped keeps its name, length and `this`, and is put back by `shutdown()`.
 */
export interface InstrumentOptions {
  /** RabbitMQ: messages sent and taken, through both of its APIs. `import amqp from 'amqplib'` */
  amqplib?: unknown
  /** better-sqlite3: statements and transaction functions. `import Database from 'better-sqlite3'` */
  'better-sqlite3'?: unknown
  /** Jobs added and worked on. `import * as bullmq from 'bullmq'` */
  bullmq?: unknown
  /** GraphQL 16: operations, for whoever takes its functions later. `import * as graphql from 'graphql'` */
  graphql?: unknown
  /** Kafka: messages sent and taken. `import kafkajs from 'kafkajs'` */
  kafkajs?: unknown
  /** MongoDB: calls of collections, batches of cursors, transactions. `import * as mongodb from 'mongodb'` */
  mongodb?: unknown
  /** Node's own SQLite: statements. `import * as sqlite from 'node:sqlite'` */
  'node:sqlite'?: unknown
  /** PostgreSQL: queries, transactions, connections and waits for a pool. `import pg from 'pg'` */
  pg?: unknown
  /** pino before 9.10; a newer one tells of its lines without being handed over. `import pino from 'pino'` */
  pino?: unknown
  /** winston 3.3 and newer: lines. `import winston from 'winston'` */
  winston?: unknown
}

const names: Readonly<Record<keyof InstrumentOptions, true>> = {
  amqplib: true,
  'better-sqlite3': true,
  bullmq: true,
  graphql: true,
  kafkajs: true,
  mongodb: true,
  'node:sqlite': true,
  pg: true,
  pino: true,
  winston: true
}

/** Their names, apart from what wraps them: `spanlight/register` asks for them long before anything is recorded, if anything ever is. */
export const moduleNames: ReadonlySet<string> = new Set(Object.keys(names))
