import { clientHeader } from '../wire/live.ts'
import { Failure, misuse } from './failure.ts'
import { mountPath } from './hub.ts'

/** A page of Spanlight somewhere, of a hub or of an application. */
export interface PageAddress {
  /** Ends with a slash. */
  readonly url: string
  /** '' for none. */
  readonly token: string
}

/** Reads an address as the page's own start line prints it, with its token; one without a path stands for a hub or an application at its usual place. */
export function pageAddress(text: string, token: string | undefined): PageAddress {
  const full = /^https?:\/\//i.test(text) ? text : `http://${text}`
  if (!URL.canParse(full)) throw misuse(`'${text}' is no address`)
  const url = new URL(full)
  const carried = /^#t=(.+)$/.exec(url.hash)?.[1]
  if (url.pathname === '/') url.pathname = mountPath
  return { url: `${url.origin}${url.pathname.replace(/\/*$/, '/')}`, token: token ?? carried ?? '' }
}

/** Asks the page's process for something below its mount path. A refusal is a `Failure` that says what to do; so is silence. `answerMs` is how long the begin of an answer may take. */
export async function askPage(
  { url, token }: PageAddress,
  path: string,
  init: RequestInit = {},
  answerMs = 10_000
): Promise<Response> {
  const abort = new AbortController()
  // It also keeps the process alive: a fetch whose connection is cut early may settle only when it is aborted.
  const timer = setTimeout(() => abort.abort(), answerMs)
  const answer = await fetch(url + path, {
    redirect: 'error',
    ...init,
    signal: abort.signal,
    headers: {
      ...(init.headers as Record<string, string>),
      [clientHeader]: '1',
      ...(token !== '' && { authorization: `Bearer ${token}` })
    }
  })
    .finally(() => clearTimeout(timer))
    .catch(() => {
      throw new Failure(
        `nothing answers at ${url}: start a hub with npx spanlight, or give the address of the page to ask`
      )
    })
  if (answer.status === 401)
    throw new Failure(`${url} needs its token: --token, or the address as it was printed, with #t=`)
  if (answer.ok && answer.headers.get('x-content-type-options') === 'nosniff') return answer
  const { error, hint } = (await answer.json().catch(() => ({}))) as {
    error?: string
    hint?: string
  }
  throw new Failure(
    error === undefined
      ? `there is no page of Spanlight at ${url}`
      : [`${url} says: ${error}`, hint].filter(Boolean).join('; ')
  )
}
