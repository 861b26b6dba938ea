import type { Socket } from 'node:net'
import type { Common, Discovery, Question } from './knowledge.ts'
import type { RecordRow } from './rows.ts'

/** What workers tell each other; see `docs/workers.md` for who keeps what. */
export type Message =
  | Hello
  /** The keeper's answer: up to where it has the member's records. */
  | { readonly type: 'welcome'; readonly keeper: Worker; readonly have: number }
  /** A member, to its keeper; and the keeper, to the one with the copy, of another member. */
  | News
  /** The keeper, to the one that is to take its place: what it keeps, and up to where it has whose. */
  | {
      readonly type: 'copy'
      readonly rows: readonly RecordRow[]
      readonly have: readonly (readonly [id: string, seq: number])[]
      /** Traces that are pinned, all of whose records were sent by now. */
      readonly pins: readonly string[]
    }
  /** To a member: take the keeper's place when it is gone; it is sent copies from now on. */
  | { readonly type: 'deputy' }
  /** Whether anybody looks: then news come faster, and what is in flight with them. */
  | { readonly type: 'watch'; readonly on: boolean }
  /** Asks for an answer: of a member for its news, of the keeper whether it is awake. */
  | { readonly type: 'ask'; readonly id: number }
  | { readonly type: 'answer'; readonly id: number }
  /** Somebody cleared the page. */
  | { readonly type: 'clear' }
  | { readonly type: 'pin'; readonly traceId: string }
  | { readonly type: 'common'; readonly common: Common }
  | Discovery
  | { readonly type: 'question'; readonly id: number; readonly question: Question }
  | { readonly type: 'reply'; readonly id: number; readonly value: unknown }

/** The first word of a member. */
export interface Hello extends Past {
  readonly type: 'hello'
  readonly worker: Worker
}

/** What a worker was before. */
export interface Past {
  /** It was the keeper, and has of others what it must not get twice. */
  readonly kept: boolean
  /** The id of the last keeper that made it its deputy. */
  readonly copyOf: string | undefined
}

/** What ended in a member since it last said so, and what is in flight there now. */
export interface News {
  readonly type: 'news'
  readonly rows: readonly RecordRow[]
  /** Its ring's sequence number up to which this is all. */
  readonly seq: number
  /** Absent: as before. */
  readonly flight?: readonly RecordRow[]
}

export interface Worker {
  /** Of its ring: a new one after each restart. */
  readonly id: string
  readonly pid: number
  /** 0 for the main thread. */
  readonly thread: number
}

/** Bytes that may wait for a peer that reads slowly; what is not sent then stays in the ring, which has its own bound. */
export const maxBacklog: number = 2 ** 20
/** Of the 2,000 spans of a trace each may quote the same stack, which the ring has once. */
const maxMessage = 64 * 2 ** 20
const headBytes = 4
/** Why records are not handed on that are in one message. */
export const tooLarge = 'record larger than a message'

/** Messages over a local socket: four bytes of length, then JSON. Keeps no process alive. */
export class Link {
  readonly #socket: Socket
  #parts: Buffer[] = []
  #bytes = 0

  /** `onMessage` must not throw; `body` is the message as it came. A peer that does not keep to the form is hung up on. */
  constructor(
    socket: Socket,
    onMessage: (message: Message, body: Buffer) => void,
    onClose: () => void
  ) {
    this.#socket = socket
    socket.unref()
    socket.on('data', (data: Buffer) => this.#read(data, onMessage))
    socket.on('error', () => socket.destroy())
    socket.on('close', onClose)
  }

  /** False when the message is longer than its receiver takes. */
  send(message: Message): boolean {
    const body = Buffer.from(JSON.stringify(message))
    if (body.length <= maxMessage) this.handOn(body)
    return body.length <= maxMessage
  }

  /** Sends a message as it came from another. */
  handOn(body: Buffer): void {
    if (!this.#socket.writable) return
    const head = Buffer.alloc(headBytes)
    head.writeUInt32LE(body.length)
    this.#socket.cork()
    this.#socket.write(head)
    this.#socket.write(body)
    this.#socket.uncork()
  }

  /** Whether so much waits already that no more should be given. */
  get clogged(): boolean {
    return this.#socket.writableLength > maxBacklog
  }

  onDrain(listener: () => void): void {
    this.#socket.on('drain', listener)
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(data: Buffer, onMessage: (message: Message, body: Buffer) => void): void {
    this.#parts.push(data)
    this.#bytes += data.length
    if (this.#bytes < headBytes) return
    let length = this.#length()
    if (this.#bytes < headBytes + length && length <= maxMessage) return
    let all = Buffer.concat(this.#parts)
    while (all.length >= headBytes) {
      length = all.readUInt32LE(0)
      if (length > maxMessage) return void this.#socket.destroy()
      if (all.length < headBytes + length) break
      const body = all.subarray(headBytes, headBytes + length)
      const message = parse(body.toString())
      if (message === undefined) return void this.#socket.destroy()
      all = all.subarray(headBytes + length)
      onMessage(message, body)
    }
    this.#parts = all.length === 0 ? [] : [all]
    this.#bytes = all.length
  }

  // Of the message that begins with the first part.
  #length(): number {
    if ((this.#parts[0] as Buffer).length < headBytes) this.#parts = [Buffer.concat(this.#parts)]
    return (this.#parts[0] as Buffer).readUInt32LE(0)
  }
}

function parse(text: string): Message | undefined {
  try {
    const value: unknown = JSON.parse(text)
    const known = typeof value === 'object' && value !== null && 'type' in value
    return known ? (value as Message) : undefined
  } catch {
    return undefined
  }
}
