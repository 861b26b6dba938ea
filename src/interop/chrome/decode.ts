import { createHash } from 'node:crypto'
import { field, text } from '../../base/fields.ts'
import type { SpanId, TraceId } from '../../base/ids.ts'
import { maxSpans } from '../../trace/bounded-body.ts'
import { parseJson } from '../../trace/json-pieces.ts'
import {
  readBody,
  type Received,
  ReceivedSpans,
  type ReceiveSetup,
  type Sender,
  type SpanIdentity
} from '../../trace/received.ts'
import { readObject } from './decode-attributes.ts'
import { readSlice } from './decode-slice.ts'
import { ownData } from './names.ts'
import { nest } from './nesting.ts'
import { ChromeOutline } from './outline.ts'
import { type Slice, TraceFile } from './trace-file.ts'

/**
 * Reads a file of trace events, as a `Receive` does. What we wrote is what it was; of others' files every stretch of time is a span,
 * all of one trace whose ids are made of the file's bytes, so that reading it twice adds nothing.
 */
export function decodeChrome(body: Uint8Array, setup: ReceiveSetup): ReturnType<typeof readBody> {
  return readBody(body, (bytes) => decodeFile(bytes, setup))
}

function* decodeFile(body: Buffer, setup: ReceiveSetup): Generator<undefined, Received> {
  const outline = new ChromeOutline(body, setup.maxSpans)
  while (outline.advance()) yield
  const around = outline.finish()
  const file = new TraceFile()
  for (const { begin, end } of outline.events) {
    file.add(parseJson(body.toString('utf8', begin, end)))
    yield
  }
  file.close()
  yield* nest(file)
  const ids = new Ids(yield* digest(body))
  const base = epochOf(around, file)
  const received = new ReceivedSpans(setup)
  const senders = new Senders(file, received, setup)
  const slices = file.slices.slice(0, setup.maxSpans ?? maxSpans)
  const kept = new Set(slices)
  for (const slice of slices) {
    const identity = { ...ids.of(slice), start: nanosOf(base, slice.start) }
    const parent = slice.parent !== undefined && kept.has(slice.parent) ? slice.parent : undefined
    const parentId = parent && ids.of(parent).spanId
    const thread = file.threads.get(`${slice.pid} ${slice.tid}`) ?? ''
    const timeOf = (micros: number): bigint => nanosOf(base, micros)
    received.add(senders.of(slice), identity, (epoch) => ({
      span: readSlice(slice, { identity, parentId, thread, epoch, timeOf }, setup),
      droppedSpans: 0
    }))
    yield
  }
  const tooMany = file.slices.length - slices.length
  return yield* received.finish(file.invalid, 'a valid ts, or nested too deep', tooMany)
}

/**
 * Nanoseconds since 1970 that the file's times count from. Others count from the start of the machine, and few say when that was: such a file
 * ends now.
 */
function epochOf(around: unknown, file: TraceFile): bigint {
  const own = field(field(field(around, 'otherData'), ownData), 'epochMs')
  if (typeof own === 'number' && Number.isSafeInteger(own) && own >= 0)
    return BigInt(own) * 1_000_000n
  const year2000 = 946_684_800_000_000
  if (file.last >= year2000) return 0n
  return BigInt(Date.now()) * 1_000_000n - nanosOf(0n, file.last)
}

function nanosOf(base: bigint, micros: number): bigint {
  const whole = Math.floor(micros)
  const time = base + BigInt(whole) * 1000n + BigInt(Math.round((micros - whole) * 1000))
  return time < 0n ? 0n : time
}

function* digest(body: Buffer): Generator<undefined, Buffer> {
  const hash = createHash('sha256')
  for (let at = 0; at < body.length; at += 262_144) {
    hash.update(body.subarray(at, at + 262_144))
    yield
  }
  return hash.digest()
}

/** A span's own ids, or those that are made of the file. */
class Ids {
  readonly #traceId: TraceId
  readonly #first: bigint
  readonly #made = new Map<Slice, SpanId>()

  constructor(hash: Buffer) {
    this.#traceId = hash.toString('hex', 0, 16) as TraceId
    this.#first = hash.readBigUInt64BE(16) | 1n
  }

  of(slice: Slice): Pick<SpanIdentity, 'traceId' | 'spanId'> {
    if (slice.own !== undefined) return slice.own
    let spanId = this.#made.get(slice)
    if (spanId === undefined) {
      // Odd, so never zero.
      const number = BigInt.asUintN(64, this.#first + 2n * BigInt(this.#made.size))
      spanId = number.toString(16).padStart(16, '0') as SpanId
      this.#made.set(slice, spanId)
    }
    return { traceId: this.#traceId, spanId }
  }
}

class Senders {
  readonly #file: TraceFile
  readonly #received: ReceivedSpans
  readonly #setup: ReceiveSetup
  readonly #known = new Map<string, Sender>()

  constructor(file: TraceFile, received: ReceivedSpans, setup: ReceiveSetup) {
    this.#file = file
    this.#received = received
    this.#setup = setup
  }

  of({ pid, own }: Slice): Sender {
    let sender = this.#known.get(pid)
    if (sender === undefined) {
      const { redactor, limits } = this.#setup
      const args = this.#file.processes.get(pid)
      const { attributes } = readObject(field(args, 'attributes'), this.#setup)
      // Ours are numbered by the file, others by the system.
      if (own === undefined && /^\d{1,15}$/.test(pid)) attributes.push('process.pid', Number(pid))
      const name = redactor.text(text(field(args, 'name')), limits.nameLength)
      sender = this.#received.sender(name, attributes)
      this.#known.set(pid, sender)
    }
    return sender
  }
}
