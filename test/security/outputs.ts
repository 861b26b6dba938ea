import { WebSocket } from 'ws'
import type { TraceList } from '../../src/wire/summary.ts'
import type { TraceColumns } from '../../src/wire/trace.ts'

/** Something that left the process, and by which door. */
export interface Output {
  readonly door: string
  readonly text: string
}

/** Reads every byte that a process gives away under its mount path. */
export class Reader {
  readonly outputs: Output[] = []
  readonly #page: string
  readonly #headers: Record<string, string>
  readonly #token: string

  /** `page` is the mount's address without a slash at its end; `token` '' where none is needed. */
  constructor(page: string, token: string) {
    this.#page = page
    this.#token = token
    this.#headers = token === '' ? {} : { authorization: `Bearer ${token}` }
  }

  /** An answer with its head, whatever its status. */
  async get(path: string, init: RequestInit = {}): Promise<string> {
    const headers = { ...this.#headers, ...(init.headers as Record<string, string>) }
    const answer = await fetch(`${this.#page}/${path}`, { redirect: 'manual', ...init, headers })
    const text = await answer.text()
    const head = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join('\n')
    this.outputs.push({ door: path.replace(/[0-9a-f]{16,}/g, '*'), text: `${head}\n\n${text}` })
    return text
  }

  /** Every trace there is, in every form, each span of it included. */
  async traces(): Promise<void> {
    let before: string | null = ''
    while (before !== null) {
      const list = JSON.parse(
        await this.get(`api/traces?limit=500&before=${encodeURIComponent(before)}`)
      ) as TraceList
      for (const { traceId } of list.traces) await this.#trace(traceId)
      before = list.next ?? null
    }
  }

  async #trace(id: string): Promise<void> {
    // First what may be missing: nothing is to be under way then that nobody waits for.
    const { spans } = JSON.parse(await this.get(`api/traces/${id}`)) as TraceColumns
    const spanIds = [...spans.id]
    await Promise.all([
      this.get(`api/traces/${id}?format=otlp`),
      this.get(`api/traces/${id}/logs`),
      ...spanIds.map((span) => this.get(`api/traces/${id}/spans/${span}`))
    ])
  }

  /** What is not about one trace, and how the page refuses. */
  async rest(): Promise<void> {
    for (const path of ['api/routes', 'api/map', 'api/status', '', 't/x', 'status', 'icon.svg'])
      await this.get(path)
    const shell = await this.get('')
    for (const [, path = ''] of shell.matchAll(/(?:src|href)="([^"#]+)"/g))
      if (!/^(?:https?:|data:)/.test(path)) await this.get(path.replace(/^.*\/assets\//, 'assets/'))
    for (const path of ['api/nothing', 'assets/nothing.js', 'api/traces/x', 'api/traces?limit=x'])
      await this.get(path)
    await this.get('api/traces', { method: 'DELETE', headers: { 'x-spanlight': '1' } })
  }

  /** Follows the live socket from the beginning until `close`. */
  socket(): Promise<{ close(): void }> {
    const address = `${this.#page.replace('http', 'ws')}/live`
    const protocols = ['spanlight.v1']
    if (this.#token !== '') protocols.push(`spanlight.token.${this.#token}`)
    const socket = new WebSocket(address, protocols, { origin: new URL(this.#page).origin })
    socket.on('message', (data) => {
      this.outputs.push({ door: 'live socket', text: (data as Buffer).toString('utf8') })
    })
    return new Promise((resolve, reject) => {
      socket.once('error', reject)
      socket.once('open', () => {
        socket.send(JSON.stringify({ type: 'since', seq: 0 }))
        resolve({ close: () => socket.close() })
      })
    })
  }

  /** The same as an event stream. */
  async stream(): Promise<{ close(): void }> {
    const stop = new AbortController()
    const { signal } = stop
    const answer = await fetch(`${this.#page}/live?since=0`, { headers: this.#headers, signal })
    const pump = async (): Promise<void> => {
      const decoder = new TextDecoder()
      for await (const bytes of answer.body as AsyncIterable<Uint8Array>)
        this.outputs.push({ door: 'event stream', text: decoder.decode(bytes, { stream: true }) })
    }
    void pump().catch(() => {})
    return { close: () => stop.abort() }
  }
}
