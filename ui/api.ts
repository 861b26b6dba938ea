import { clientHeader } from '../src/wire/live.ts'
import type { ImportResult } from '../src/wire/files.ts'
import type { InspectState, Wish } from '../src/wire/inspect.ts'
import type { SpanSource } from '../src/wire/source.ts'
import type { RuntimeActivity } from '../src/wire/runtime.ts'
import type { ApiError, ServiceMap, Status } from '../src/wire/status.ts'
import type { TraceList } from '../src/wire/summary.ts'
import type { SpanDetail, TraceColumns, TraceLog } from '../src/wire/trace.ts'
import { base } from './route.ts'

/** An answer of the API that is not what was asked for. `status` is 0 when no answer came. */
export class ApiProblem extends Error {
  readonly status: number
  /** What to do about it, in words; '' when the server did not say. */
  readonly hint: string

  constructor(status: number, text: string, hint: string) {
    super(text)
    this.name = 'ApiProblem'
    this.status = status
    this.hint = hint
  }
}

/** Answers in the place of the process, where the page is a file; throws what it does not know. */
let answers: ((path: string) => unknown) | undefined

export function answerFrom(given: (path: string) => unknown): void {
  answers = given
}

const tokenKey = `spanlight.token:${base}`

/**
 * Moves the token from the fragment of the printed address to this tab's storage, and out of the address bar: a copied
 * link, a screenshot or the history must not carry it. Called before anything else runs.
 */
export function takeToken(): void {
  const found = /^#t=([\w-]{16,512})$/.exec(location.hash)
  if (!found?.[1]) return
  try {
    sessionStorage.setItem(tokenKey, found[1])
  } catch {
    return
  }
  history.replaceState(history.state, '', location.pathname + location.search)
}

/** The token that this tab was opened with; '' in local mode. */
export function token(): string {
  try {
    return sessionStorage.getItem(tokenKey) ?? ''
  } catch {
    return ''
  }
}

/** Headers that every request of the page carries; the first makes a cross-origin copy of it impossible. */
export function headers(): Record<string, string> {
  const bearer = token()
  return bearer
    ? { [clientHeader]: '1', authorization: `Bearer ${bearer}` }
    : { [clientHeader]: '1' }
}

export interface ListQuery {
  q?: string
  before?: string
  limit?: number
}

export function getTraces(query: ListQuery, signal?: AbortSignal): Promise<TraceList> {
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') search.set(key, String(value))
  }
  const text = search.toString()
  return getJson<TraceList>(`api/traces${text && `?${text}`}`, signal)
}

export function getTrace(traceId: string, signal?: AbortSignal): Promise<TraceColumns> {
  return getJson<TraceColumns>(`api/traces/${traceId}`, signal)
}

export function getSpan(
  traceId: string,
  spanId: string,
  signal?: AbortSignal
): Promise<SpanDetail> {
  return getJson<SpanDetail>(`api/traces/${traceId}/spans/${spanId}`, signal)
}

/** Where in the code; refused unless this machine asks in local mode. */
export function getSource(
  traceId: string,
  spanId: string,
  signal?: AbortSignal
): Promise<SpanSource> {
  return getJson<SpanSource>(`api/traces/${traceId}/spans/${spanId}/source`, signal)
}

export function getLogs(traceId: string, signal?: AbortSignal): Promise<TraceLog[]> {
  return getJson<TraceLog[]>(`api/traces/${traceId}/logs`, signal)
}

export function getRuntime(traceId: string, signal?: AbortSignal): Promise<RuntimeActivity> {
  return getJson<RuntimeActivity>(`api/traces/${traceId}/runtime`, signal)
}

/** Ids of the spans whose attributes, events or logs hold the text; names and services the page searches itself. */
export async function getFound(
  traceId: string,
  text: string,
  signal?: AbortSignal
): Promise<string[]> {
  const path = `api/traces/${traceId}/find?text=${encodeURIComponent(text)}`
  return (await getJson<{ spanIds: string[] }>(path, signal)).spanIds
}

/** Keeps the trace when newer ones need the room. */
export async function pinTrace(traceId: string): Promise<void> {
  await ask(`api/traces/${traceId}/pin`, undefined, 'POST')
}

/** What is looked at more closely, and what may be. */
export function getInspect(signal?: AbortSignal): Promise<InspectState> {
  return getJson<InspectState>('api/inspect', signal)
}

export async function askInspect(
  kind: Wish['kind'],
  method: string,
  route: string,
  count: number
): Promise<void> {
  const search = new URLSearchParams({ kind, method, route, count: String(count) })
  await ask(`api/inspect?${search.toString()}`, undefined, 'POST')
}

export async function cancelInspect(id: number): Promise<void> {
  await ask(`api/inspect/cancel?id=${id}`, undefined, 'POST')
}

/** V8's CPU profile of the trace's request. */
export function getProfile(traceId: string, signal?: AbortSignal): Promise<unknown> {
  return getJson<unknown>(`api/traces/${traceId}/profile`, signal)
}

export function getMap(signal?: AbortSignal): Promise<ServiceMap> {
  return getJson<ServiceMap>('api/map', signal)
}

export function getStatus(signal?: AbortSignal): Promise<Status> {
  return getJson<Status>('api/status', signal)
}

/** Fetches `path` with the token, or sends `body` there, and hands the answer to the browser as a file: a plain link could not carry the header. */
export async function download(path: string, name: string, body?: string): Promise<Response> {
  const answer = await ask(path, undefined, body === undefined ? 'GET' : 'POST', body)
  const url = URL.createObjectURL(await answer.blob())
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
  return answer
}

/** Hands a file in; tells how much of it is sent, which `fetch` cannot. */
export function sendFile(
  file: Blob,
  onSent: (share: number) => void,
  signal: AbortSignal
): Promise<ImportResult> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', `${base}api/import`)
    request.responseType = 'json'
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value)
    request.upload.addEventListener('progress', ({ loaded, total }) => onSent(loaded / total))
    request.addEventListener('load', () => {
      const { status, response } = request
      if (status === 200) resolve(response as ImportResult)
      else reject(problemOf(status, (response ?? {}) as Partial<ApiError>))
    })
    request.addEventListener('error', () => reject(away()))
    signal.addEventListener('abort', () => {
      request.abort()
      reject(new DOMException('', 'AbortError'))
    })
    request.send(file)
  })
}

export async function getText(path: string): Promise<string> {
  return (await ask(path)).text()
}

async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  if (answers) return answers(path) as T
  const answer = await ask(path, signal)
  try {
    return (await answer.json()) as T
  } catch (error) {
    if (isAbort(error)) throw error
    throw new ApiProblem(answer.status, 'The answer was not JSON', 'Is a proxy in between?')
  }
}

async function ask(
  path: string,
  signal?: AbortSignal,
  method = 'GET',
  body?: string
): Promise<Response> {
  if (answers) throw new ApiProblem(0, 'This page is a file', '')
  let answer: Response
  try {
    answer = await fetch(base + path, {
      method,
      headers: headers(),
      cache: 'no-store',
      credentials: 'omit',
      ...(signal && { signal }),
      ...(body !== undefined && { body })
    })
  } catch (error) {
    if (isAbort(error)) throw error
    throw away()
  }
  if (answer.ok) return answer
  const said = (await answer.json().catch(() => ({}))) as Partial<ApiError>
  throw problemOf(answer.status, said)
}

function problemOf(status: number, { error, hint }: Partial<ApiError>): ApiProblem {
  return new ApiProblem(status, error ?? `The process answered ${status}`, hint ?? '')
}

function away(): ApiProblem {
  return new ApiProblem(0, 'The process does not answer', 'Is it still running?')
}

/** The request was given up by the page itself; nothing to tell anyone. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError'
}
