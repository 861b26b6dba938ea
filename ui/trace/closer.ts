import { useEffect, useState } from 'preact/hooks'
import type { VNode } from 'preact'
import type { InspectState, Wish } from '../../src/wire/inspect.ts'
import type { SpanDetail } from '../../src/wire/trace.ts'
import { ApiProblem, askInspect, cancelInspect, getInspect } from '../api.ts'
import { formatMany, visible } from '../format.ts'
import { html } from '../html.ts'
import { traceHref } from '../route.ts'

const bodies = 5
/** How often it is asked whether the request has come, in milliseconds. */
const every = 1000

/** Asks for more of the next requests like this one: their bodies, or a CPU profile. */
export function Closer({ span }: { span: SpanDetail }): VNode | null {
  const target = targetOf(span)
  const [state, setState] = useState<InspectState | undefined>(undefined)
  const [problem, setProblem] = useState('')
  const mine = state?.wishes.filter((wish) => isFor(wish, target)) ?? []
  const waiting = mine.length > 0
  useEffect(() => {
    let current = true
    const read = () =>
      getInspect().then(
        (found) => current && setState(found),
        () => {}
      )
    void read()
    const timer = waiting ? setInterval(read, every) : undefined
    return () => {
      current = false
      clearInterval(timer)
    }
  }, [span.spanId, waiting])
  if (target === undefined || state === undefined) return null
  const act = (work: Promise<unknown>) =>
    work
      .then(() => getInspect())
      .then(
        (found) => {
          setProblem('')
          setState(found)
        },
        (error: unknown) =>
          setProblem(
            error instanceof ApiProblem ? `${error.message}: ${error.hint}` : String(error)
          )
      )
  const title = `${target.method} ${visible(target.route)}`
  const has = (kind: Wish['kind']) => mine.some((wish) => wish.kind === kind)
  const last = state.profiles.findLast(
    ({ name, traceId }) => name === `${target.method} ${target.route}` && traceId !== span.traceId
  )
  if (!state.profile.allowed && !state.bodies.allowed) return null
  return html`<section class="closer">
    <h3>Look closer</h3>
    <div class="actions">
      ${
        state.profile.allowed &&
        !has('profile') &&
        html`<button type="button" onClick=${() => void act(askInspect('profile', target.method, target.route, 1))}>Profile the next ${title}</button>`
      }
      ${
        state.bodies.allowed &&
        !state.bodies.always &&
        !has('bodies') &&
        html`<button type="button" onClick=${() => void act(askInspect('bodies', target.method, target.route, bodies))}>Keep the bodies of the next ${bodies}</button>`
      }
    </div>
    <div role="status">
      ${mine.map(
        (wish) => html`<p class="note" key=${wish.id}>
          ${wish.kind === 'profile' ? `Waiting for the next ${title}, for a minute.` : `Waiting for ${formatMany(wish.remaining, 'request')} of ${title}.`}
          <button type="button" class="plain tiny" onClick=${() => void act(cancelInspect(wish.id))}>cancel</button>
        </p>`
      )}
      ${!has('profile') && last !== undefined && html`<p class="note">Profiled: <a href=${traceHref(last.traceId, { tab: 'cpu' })}>the request of that trace</a></p>`}
      ${problem !== '' && html`<p class="note warn-text">${problem}</p>`}
    </div>
  </section>`
}

interface Target {
  readonly method: string
  readonly route: string
}

function targetOf(span: SpanDetail): Target | undefined {
  const of = (key: string) => span.attributes.find(([name]) => name === key)?.[1]
  const method = of('http.request.method')
  const route = of('http.route') ?? of('url.path')
  if (span.kind !== 'server' || typeof method !== 'string' || typeof route !== 'string')
    return undefined
  return { method, route }
}

function isFor(wish: Wish, target: Target | undefined): boolean {
  return wish.method === target?.method && wish.route === target.route
}
