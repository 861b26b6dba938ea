import type { LiveMessage, LiveRequest } from '../wire/live.ts'
import type { Summary } from '../wire/summary.ts'

/** One message, encoded when the first page needs it and shared by all that get the same. */
export class Frame {
  readonly message: LiveMessage
  readonly json: string
  #socket: Buffer | undefined
  #stream: Buffer | undefined

  constructor(message: LiveMessage) {
    this.message = message
    this.json = JSON.stringify(message)
  }

  /** As a WebSocket message. */
  get socket(): Buffer {
    return (this.#socket ??= Buffer.from(this.json))
  }

  /** As an event of an event stream; one with a sequence number can be resumed from. */
  get stream(): Buffer {
    const id = 'seq' in this.message ? `id: ${this.message.seq}\n` : ''
    return (this.#stream ??= Buffer.from(`${id}data: ${this.json}\n\n`))
  }
}

/** How frames get to one page. None of it throws. */
export interface Channel {
  send(frame: Frame): void
  /** Bytes given to `send` that the network has not taken yet. */
  buffered(): number
  ping(): void
  close(code: number, reason: string): void
  terminate(): void
}

/** What the hub knows of one connected page. */
export interface LivePage {
  readonly channel: Channel
  /** Let in for being on this machine, and for nothing else. */
  readonly local: boolean
  /** Everything up to here was sent or counted as skipped; -1 until the page says where it stands. */
  seq: number
  /** Its filter as it was sent, '' for none, and the test that this makes. */
  query: string
  filter: ((summary: Summary) => boolean) | undefined
  /** Version of the in-flight requests that it has. */
  flight: number
  /** Traces skipped since the last gap message. */
  skipped: number
  /** Since when it reads too slowly; 0 while it does not. All times are of `performance.now()`. */
  slowSince: number
  /** Pings since it was heard of last. */
  unanswered: number
  /** Messages it sent in the second that began then. */
  secondSince: number
  messages: number
}

export function newPage(channel: Channel, local: boolean, now: number): LivePage {
  return {
    channel,
    local,
    seq: -1,
    query: '',
    filter: undefined,
    flight: -1,
    skipped: 0,
    slowSince: 0,
    unanswered: 0,
    secondSince: now,
    messages: 0
  }
}

/** Counts a message of the page; gives how many it sent within this second. */
export function countMessage(page: LivePage): number {
  const now = performance.now()
  if (now - page.secondSince > 1000) {
    page.secondSince = now
    page.messages = 0
  }
  return ++page.messages
}

/** Reads what a page sent; undefined for anything that is not one of the two requests. */
export function readRequest(text: string): LiveRequest | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { type, seq, query } = value as Record<string, unknown>
  if (type === 'since' && isSeq(seq)) return { type, seq }
  if (type === 'filter' && typeof query === 'string' && query.length <= 1024) return { type, query }
  return undefined
}

export function isSeq(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
