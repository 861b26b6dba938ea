import {
  clientHeader,
  liveProtocol,
  tokenProtocolPrefix,
  type LiveMessage,
  type LiveRequest
} from '../src/wire/live.ts'
import { headers, token } from './api.ts'
import { base } from './route.ts'
import type { Connection } from './state.ts'

/** What the page does with the live connection. */
export interface LiveSetup {
  /** Sequence number up to which the page has everything; asked at each (re)connection. */
  since: () => number
  /** Query that only the server can decide; '' for all. */
  filter: () => string
  onMessage: (message: LiveMessage) => void
  onState: (state: Connection) => void
}

export interface Live {
  /** Connects anew, because the filter changed: on the old connection rows of the old filter may be under way. */
  reopen: () => void
  /** Tries to connect at once instead of at the end of the wait. */
  retry: () => void
  close: () => void
}

const shortestWaitMs = 500
const longestWaitMs = 15_000

const listeners = new Set<(message: LiveMessage) => void>()

/** Hears every message after the list has taken it; a trace that is open on the screen grows by this. */
export function onLive(listener: (message: LiveMessage) => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/**
 * Keeps one connection open: a socket, or, after two that never opened (a proxy that knows no upgrade), an event stream
 * over fetch, which unlike EventSource can carry the token in a header. Waits 0.5 s, doubled up to 15 s, with jitter so
 * that the tabs of a team do not all come back in the same instant.
 */
export function connectLive(setup: LiveSetup): Live {
  let closed = false
  let attempts = 0
  let socketsFailed = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let channel: Channel | undefined

  const open = (): void => {
    clearTimeout(timer)
    channel?.close()
    const by = socketsFailed >= 2 ? 'stream' : 'socket'
    let opened = false
    const events: ChannelEvents = {
      onMessage(message) {
        if (closed) return
        if (message.type === 'hello') {
          opened = true
          attempts = 0
          if (by === 'socket') socketsFailed = 0
          setup.onState({ state: 'open', by })
        }
        setup.onMessage(message)
        if (message.type === 'hello') ask()
        for (const listener of listeners) listener(message)
      },
      onEnd(refused) {
        if (closed) return
        if (!opened && by === 'socket') socketsFailed++
        if (refused) setup.onState({ state: 'locked', text: refused })
        const wait = Math.min(longestWaitMs, shortestWaitMs * 2 ** attempts++)
        const jittered = wait * (0.75 + Math.random() / 2)
        if (!refused) setup.onState({ state: 'lost', retryAt: Date.now() + jittered })
        timer = setTimeout(open, jittered)
      }
    }
    channel = by === 'socket' ? openSocket(events) : openStream(events, setup)
  }

  const ask = (): void => {
    const query = setup.filter()
    if (query !== '') channel?.send({ type: 'filter', query })
    channel?.send({ type: 'since', seq: setup.since() })
  }

  setup.onState({ state: 'connecting' })
  open()
  return {
    reopen: open,
    retry() {
      attempts = 0
      setup.onState({ state: 'connecting' })
      open()
    },
    close() {
      closed = true
      clearTimeout(timer)
      channel?.close()
    }
  }
}

interface Channel {
  send: (request: LiveRequest) => void
  close: () => void
}

interface ChannelEvents {
  onMessage: (message: LiveMessage) => void
  /** Called once. `refused` is the reason when the process wants a token. */
  onEnd: (refused?: string) => void
}

function openSocket(events: ChannelEvents): Channel {
  const url = new URL(`${base}live`, location.href)
  url.protocol = url.protocol.replace('http', 'ws')
  const bearer = token()
  const socket = new WebSocket(
    url,
    bearer ? [liveProtocol, tokenProtocolPrefix + bearer] : [liveProtocol]
  )
  let over = false
  const end = (): void => {
    if (over) return
    over = true
    events.onEnd()
  }
  socket.addEventListener('message', (event) => {
    const message = parse(event.data)
    if (message && !over) events.onMessage(message)
  })
  socket.addEventListener('close', end)
  return {
    send(request) {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(request))
    },
    close() {
      over = true
      socket.close()
    }
  }
}

/** The stream is one way: what would be sent on a socket goes into its address. */
function openStream(events: ChannelEvents, setup: LiveSetup): Channel {
  const abort = new AbortController()
  const run = async (): Promise<void> => {
    const search = new URLSearchParams({ since: String(setup.since()) })
    if (setup.filter() !== '') search.set('q', setup.filter())
    let refused: string | undefined
    try {
      const answer = await fetch(`${base}live?${search}`, {
        headers: { ...headers(), accept: 'text/event-stream', [clientHeader]: '1' },
        credentials: 'omit',
        cache: 'no-store',
        signal: abort.signal
      })
      if (answer.status === 401 || answer.status === 403) refused = await reason(answer)
      else if (answer.ok && answer.body) {
        for await (const message of messages(answer.body)) events.onMessage(message)
      }
    } catch {
      // However the stream broke, what follows is the same: it ended.
    }
    if (!abort.signal.aborted) events.onEnd(refused)
  }
  void run()
  return { send: () => {}, close: () => abort.abort() }
}

async function reason(answer: Response): Promise<string> {
  const said = (await answer.json().catch(() => ({}))) as { error?: string; hint?: string }
  return [said.error ?? 'This page needs the token that the process printed', said.hint]
    .filter(Boolean)
    .join('. ')
}

/** Messages of an event stream: blocks end with an empty line, data lines start with `data:`. */
export async function* messages(body: ReadableStream<Uint8Array>): AsyncGenerator<LiveMessage> {
  const reader = body
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const blocks = (rest + value).split(/\r?\n\r?\n/)
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const data = block
        .split(/\r?\n/)
        .filter((line) => line.startsWith('data:'))
        .map((line) => line.slice(line.startsWith('data: ') ? 6 : 5))
        .join('\n')
      const message = data === '' ? undefined : parse(data)
      if (message) yield message
    }
  }
}

function parse(data: unknown): LiveMessage | undefined {
  if (typeof data !== 'string') return undefined
  try {
    const message: unknown = JSON.parse(data)
    return typeof message === 'object' && message !== null && 'type' in message
      ? (message as LiveMessage)
      : undefined
  } catch {
    return undefined
  }
}
