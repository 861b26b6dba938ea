import { SocketAddress } from 'node:net'
import { type Range, maxSpans } from '../../trace/bounded-body.ts'
import { ProtobufReader } from '../../trace/protobuf-reader.ts'
import type { Endpoint } from './endpoints.ts'

export interface ListOfSpans {
  readonly spans: readonly Range[]
  readonly tooMany: number
}

/** Finds the spans of a ListOfSpans of zipkin.proto3. In one step: each is passed over by its length. */
export function findSpans(body: Buffer): ListOfSpans {
  const reader = new ProtobufReader(body)
  const spans: Range[] = []
  let tooMany = 0
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag !== 10) reader.skip(tag)
    else {
      const range = reader.range()
      if (spans.length < maxSpans) spans.push(range)
      else tooMany++
    }
  }
  return { spans, tooMany }
}

/** Reads spans of protobuf as what their JSON would be. */
export function spanReader(body: Buffer): (range: Range) => unknown {
  const reader = new ProtobufReader(body)
  return (range) => {
    reader.moveTo(range)
    return readSpan(reader)
  }
}

/** In the order of the enum, whose zero stands for none. */
const kindNames = [undefined, 'CLIENT', 'SERVER', 'PRODUCER', 'CONSUMER'] as const

function readSpan(reader: ProtobufReader): unknown {
  let traceId, parentId, id, kind, name, timestamp, duration, localEndpoint, remoteEndpoint
  let debug, shared
  const annotations: unknown[] = []
  const tags: [key: string, value: string][] = []
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    switch (tag) {
      case 10:
        traceId = reader.hex()
        break
      case 18:
        parentId = reader.hex()
        break
      case 26:
        id = reader.hex()
        break
      case 32:
        kind = kindNames[reader.uint32()]
        break
      case 42:
        name = reader.text()
        break
      case 49:
        timestamp = Number(reader.fixed64())
        break
      case 56:
        duration = reader.int64()
        break
      case 66:
        localEndpoint = reader.message(readEndpoint)
        break
      case 74:
        remoteEndpoint = reader.message(readEndpoint)
        break
      case 82:
        annotations.push(reader.message(readAnnotation))
        break
      case 90:
        tags.push(reader.message(readTag))
        break
      case 96:
        debug = reader.bool()
        break
      case 104:
        shared = reader.bool()
        break
      default:
        reader.skip(tag)
    }
  }
  return {
    traceId,
    parentId,
    id,
    kind,
    name,
    timestamp,
    duration,
    localEndpoint: localEndpoint && endpointOf(localEndpoint),
    remoteEndpoint: remoteEndpoint && endpointOf(remoteEndpoint),
    annotations,
    // Not by assignment, which makes no tag of `__proto__`.
    tags: Object.fromEntries(tags),
    debug,
    shared
  }
}

/** With addresses as the digits of their bytes. */
interface SentEndpoint {
  readonly serviceName: string | undefined
  readonly ipv4: string
  readonly ipv6: string
  readonly port: number | undefined
}

function readEndpoint(reader: ProtobufReader): SentEndpoint {
  let serviceName, port
  let ipv4 = ''
  let ipv6 = ''
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 10) serviceName = reader.text()
    else if (tag === 18) ipv4 = reader.hex()
    else if (tag === 26) ipv6 = reader.hex()
    else if (tag === 32) port = reader.uint32()
    else reader.skip(tag)
  }
  return { serviceName, ipv4, ipv6, port }
}

// Of the last one alone: a span may repeat its endpoints 30,000 times, and writing one takes a microsecond.
function endpointOf({ ipv4, ipv6, ...rest }: SentEndpoint): Endpoint {
  return { ...rest, ipv4: ipv4Of(ipv4), ipv6: ipv6Of(ipv6) }
}

function ipv4Of(hex: string): string | undefined {
  if (hex.length !== 8) return undefined
  return [0, 2, 4, 6].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).join('.')
}

function ipv6Of(hex: string): string | undefined {
  if (hex.length !== 32) return undefined
  const address = (hex.match(/.{4}/g) as string[]).join(':')
  return new SocketAddress({ address, family: 'ipv6' }).address
}

function readAnnotation(reader: ProtobufReader): unknown {
  let timestamp, value
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 9) timestamp = Number(reader.fixed64())
    else if (tag === 18) value = reader.text()
    else reader.skip(tag)
  }
  return { timestamp, value }
}

// An entry of a map; what is empty is left out of it.
function readTag(reader: ProtobufReader): [string, string] {
  let key = ''
  let value = ''
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 10) key = reader.text()
    else if (tag === 18) value = reader.text()
    else reader.skip(tag)
  }
  return [key, value]
}
