import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { connect, type AddressInfo, type Socket } from 'node:net'
import type { Server } from 'node:http'
import type express from 'express'
import type Koa from 'koa'
import { systemClock } from '../../src/base/clock.ts'
import { defaultLimits } from '../../src/base/limits.ts'
import { createReport, type Report } from '../../src/base/report.ts'
import { createGuard } from '../../src/base/safely.ts'
import type { SpanData } from '../../src/base/span-data.ts'
import { createPropagation } from '../../src/span/propagation.ts'
import { activeContext } from '../../src/context/context.ts'
import { createHost, type Host, type HostSetup } from '../../src/host/host.ts'
import { ratioSampler } from '../../src/span/sampler.ts'
import { Tracer } from '../../src/span/tracer.ts'
import { OpenTraces } from '../../src/trace/open-traces.ts'
import { openRedactor } from '../span/setup.ts'
import { until } from '../until.ts'

const require = createRequire(import.meta.url)
export type Express = typeof express

export const expressVersions: readonly (readonly [string, Express])[] = [
  ['Express 4.16', require('express416') as Express],
  ['Express 4.22', require('express4') as Express],
  ['Express 5.2', require('express5-2') as Express],
  ['Express 5.3', require('express') as Express]
]

export const koaVersions: readonly (readonly [string, typeof Koa])[] = [
  ['Koa 2', require('koa2') as typeof Koa],
  ['Koa 3', require('koa') as typeof Koa]
]

/** Each version with spans of its layers and without: whatever is not about them is the same. */
export function withAndWithoutLayers<T>(
  versions: readonly (readonly [string, T])[]
): (readonly [string, T, boolean])[] {
  return versions.flatMap(([name, framework]) => [
    [name, framework, true] as const,
    [`${name}, no layers`, framework, false] as const
  ])
}

const tls = new URL('../fixtures/tls/', import.meta.url)
/** Self-signed, for localhost and 127.0.0.1, until 2126. */
export const certificate = {
  key: readFileSync(new URL('key.pem', tls)),
  cert: readFileSync(new URL('cert.pem', tls))
}

const closers: (() => Promise<void>)[] = []

/** A span as the store would get it, its attributes as an object. */
export interface Seen {
  name: string
  span: SpanData
  traceId: string
  attributes: Record<string, unknown>
  exceptions: Record<string, unknown>[]
}

export interface Watched {
  host: Host
  tracer: Tracer
  open: OpenTraces
  report: Report
  seen: Seen[]
  frameworks: string[]
  /** The first `count` server spans, once they have ended. */
  servers(count?: number): Promise<Seen[]>
}

/** A host over the real tracer and clock that keeps what was recorded. */
export function watched(setup: Partial<HostSetup> & { sample?: number } = {}): Watched {
  const seen: Seen[] = []
  const frameworks: string[] = []
  const report = createReport(() => {})
  const open = new OpenTraces({
    clock: systemClock,
    limits: defaultLimits,
    report,
    resource: { service: 'test', attributes: [] },
    redact: (record) => record,
    onRecord(record) {
      for (const span of record.spans) seen.push(see(span, record.traceId))
    },
    onChange() {}
  })
  const redactor = setup.redactor ?? openRedactor
  const tracer = new Tracer({
    limits: defaultLimits,
    redactor,
    now: () => systemClock.now(),
    sampler: ratioSampler(setup.sample ?? 1),
    openTrace: (traceId) => open.open(traceId)
  })
  const host = createHost({
    tracer,
    propagation: createPropagation(['w3c']),
    redactor,
    limits: defaultLimits,
    guard: createGuard('server spans', report),
    ignore: () => false,
    path: '/_traces',
    page: () => false,
    onFramework: (name) => frameworks.push(name),
    ...setup
  })
  const servers = async (count = 1): Promise<Seen[]> => {
    const ended = (): Seen[] => seen.filter(({ span }) => span.kind === 1)
    await until(() => ended().length >= count)
    return ended()
  }
  closers.push(async () => {
    host.close()
    open.close()
  })
  return { host, tracer, open, report, seen, frameworks, servers }
}

function see(span: SpanData, traceId: string): Seen {
  return {
    name: span.name,
    traceId,
    span: {
      ...(span as object),
      duration: span.duration,
      parentId: span.parentId,
      status: span.status,
      statusMessage: span.statusMessage,
      kind: span.kind,
      spanId: span.spanId,
      links: [...span.links]
    } as unknown as SpanData,
    attributes: toObject(span.attributes),
    exceptions: span.events
      .filter((event) => event.name === 'exception')
      .map((event) => toObject(event.attributes))
  }
}

export function toObject(attributes: readonly unknown[]): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  for (let i = 0; i < attributes.length; i += 2) object[String(attributes[i])] = attributes[i + 1]
  return object
}

/** A line for each span, indented below its parent, siblings as they began. */
export function outline(seen: readonly Seen[]): string[] {
  const ids = new Set(seen.map(({ span }) => span.spanId))
  const show = ({ name, span }: Seen, indent: string): string[] => [
    indent + name,
    ...seen
      .filter((one) => one.span.parentId === span.spanId)
      .sort((a, b) => a.span.start - b.span.start)
      .flatMap((one) => show(one, `${indent}  `))
  ]
  return seen
    .filter(({ span: { parentId } }) => parentId === undefined || !ids.has(parentId))
    .flatMap((one) => show(one, ''))
}

/** The id of the active span, '' where there is none. */
export function activeId(): string {
  return activeContext().span?.spanContext().spanId ?? ''
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Listens on a free port of 127.0.0.1. */
export async function listen(server: {
  listen: Server['listen']
  address: Server['address']
  close(done?: () => void): unknown
}): Promise<number> {
  const sockets = new Set<Socket>()
  ;(server as Server).on('connection', (socket) => {
    sockets.add(socket)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  closers.push(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise<void>((resolve) => {
      server.close(() => resolve())
    })
  })
  return (server.address() as AddressInfo).port
}

/** Closes the servers and hosts of a test, connections included. */
export async function closeAll(): Promise<void> {
  for (const close of closers.splice(0)) await close()
}

/** Sends bytes and gives everything that came until the server closed or `enough` was satisfied. */
export async function raw(
  port: number,
  bytes: string,
  enough: (text: string) => boolean = () => false
): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.setEncoding('latin1')
  return new Promise((resolve, reject) => {
    socket.on('data', (chunk) => {
      text += String(chunk)
      if (enough(text)) socket.destroy()
    })
    socket.on('close', () => resolve(text))
    socket.on('error', reject)
    socket.write(bytes)
  })
}
