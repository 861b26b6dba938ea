import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { activeContext, type Context, isSuppressed } from '../../context/context.ts'
import { Span } from '../../span/span.ts'
import {
  defaultPort,
  setFailure,
  setSize,
  setStatusCode,
  setTarget,
  startHttpSpan
} from './http-span.ts'
import { Resends } from './resends.ts'
import { claim, type Watch, type WatchSetup, watchedElsewhere } from '../watch.ts'

/** The part of undici's request (6 and 7, Node's own included) that is read. */
interface UndiciRequest {
  readonly origin: string | URL
  readonly path: string
  readonly method: string
  readonly upgrade: string | null
  readonly contentLength: number | null
  readonly headers: unknown
  addHeader(name: string, value: string): unknown
}

interface Call {
  readonly span: Span
  readonly context: Context
  readonly url: string
  readonly resends: number
}

/** Watches `fetch` and every copy of undici by their diagnostics channels: one client span for each request on the wire. */
export function watchFetch(setup: WatchSetup): Watch {
  const release = claim('fetch')
  if (release === undefined) return watchedElsewhere('fetch')
  const watcher = new FetchWatcher(setup)
  const listeners: [string, (message: unknown) => void][] = [
    ['undici:request:create', (message) => watcher.created(message as Created)],
    ['undici:request:headers', (message) => watcher.answered(message as Answered)],
    ['undici:request:trailers', (message) => watcher.ended(message as Created)],
    ['undici:request:error', (message) => watcher.failed(message as Failed)]
  ]
  // An exception in a subscriber would become an uncaught exception of the host.
  const guarded = listeners.map(
    ([name, listen]) => [name, (message: unknown) => setup.guard(() => listen(message))] as const
  )
  for (const [name, listener] of guarded) subscribe(name, listener)
  return {
    instrumented: { name: 'fetch', on: true, how: 'fetch and undici, by diagnostics channels' },
    stop() {
      for (const [name, listener] of guarded) unsubscribe(name, listener)
      release()
    }
  }
}

interface Created {
  readonly request: UndiciRequest
}

interface Answered extends Created {
  readonly response: { readonly statusCode: number; readonly headers: readonly Uint8Array[] }
}

interface Failed extends Created {
  readonly error: unknown
}

class FetchWatcher {
  readonly #setup: WatchSetup
  readonly #calls: WeakMap<object, Call> = new WeakMap()
  readonly #resends = new Resends()

  constructor(setup: WatchSetup) {
    this.#setup = setup
  }

  /** Runs where the caller called: the active context is its own. */
  created({ request }: Created): void {
    const context = activeContext()
    // An upgrade or a tunnel reports neither headers nor end: its span could never be closed.
    if (isSuppressed(context) || request.upgrade !== null || request.method === 'CONNECT') return
    const { tracer, propagation } = this.#setup
    const span = startHttpSpan(tracer, request.method, context)
    propagation.inject(context.withSpan(span), (name, value) => setHeader(request, name, value))
    if (!(span instanceof Span)) return
    const origin = new URL(request.origin)
    const url = /^https?:\/\//i.test(request.path) ? request.path : origin.origin + request.path
    const resends = this.#resends.take(context, url)
    const port = origin.port === '' ? defaultPort(origin.protocol) : Number(origin.port)
    setTarget(span, { url, host: origin.hostname, port, resends })
    setSize(span, 'http.request.body.size', request.contentLength)
    this.#calls.set(request, { span, context, url, resends })
  }

  answered({ request, response }: Answered): void {
    const call = this.#calls.get(request)
    // Informational answers (103 Early Hints) come before the one that counts.
    if (call === undefined || response.statusCode < 200) return
    const { span, context, url, resends } = call
    setStatusCode(span, response.statusCode)
    setSize(span, 'http.response.body.size', rawHeader(response.headers, 'content-length'))
    if (response.statusCode < 300 || response.statusCode > 399) return
    const location = rawHeader(response.headers, 'location')
    this.#resends.note(context, url, resends, response.statusCode, location)
  }

  ended({ request }: Created): void {
    this.#calls.get(request)?.span.end()
    this.#calls.delete(request)
  }

  failed({ request, error }: Failed): void {
    const call = this.#calls.get(request)
    if (call === undefined) return
    setFailure(call.span, error)
    this.ended({ request })
  }
}

// A proxy of the host copies the incoming headers: what it passed on of another span must not stand beside ours.
function setHeader(request: UndiciRequest, name: string, value: string): void {
  const { headers } = request
  if (Array.isArray(headers)) {
    for (let i = 0; i + 1 < headers.length; i += 2) {
      const key: unknown = headers[i]
      if (typeof key !== 'string' || key.toLowerCase() !== name) continue
      headers[i + 1] = value
      return
    }
  }
  request.addHeader(name, value)
}

function rawHeader(headers: readonly Uint8Array[], name: string): string | undefined {
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const key = headers[i]
    // Lengths first: no text is made of the headers that are not asked for.
    if (key === undefined || key.length !== name.length) continue
    if (Buffer.from(key).toString('latin1').toLowerCase() !== name) continue
    return Buffer.from(headers[i + 1] ?? '').toString('latin1')
  }
  return undefined
}
