import { h, type VNode } from 'preact'
import { html } from '../html.ts'
import { Icon } from '../icons.ts'
import { listHref, mapHref, statusHref } from '../route.ts'
import {
  connection,
  dialog,
  listQuery,
  pausedAt,
  rate,
  route,
  saved,
  status,
  zone
} from '../state.ts'
import { formatTime } from '../format.ts'

export function Header(): VNode {
  const { screen } = route.value
  const service = saved.value?.service ?? status.value?.service ?? ''
  const troubled = status.value?.instrumented.some((one) => !one.on) ?? false
  return html`<header class="top">
    <a class="brand" href=${listHref()}>
      <svg class="mark" viewBox="0 0 20 20" aria-hidden="true">
        <rect x="1" y="3" width="18" height="3.4" rx="1" />
        <rect x="4" y="8.3" width="9" height="3.4" rx="1" />
        <rect x="9" y="13.6" width="7" height="3.4" rx="1" class="beam" />
      </svg>
      <span>Spanlight</span>
    </a>
    ${service && html`<span class="service clip" title=${service}>${service}</span>`}
    <nav aria-label="Screens">
      <a href=${tracesHref(screen)} aria-current=${screen === 'list' ? 'page' : screen === 'trace' ? 'true' : undefined}>Traces</a>
      ${
        !saved.value &&
        html`<a href=${mapHref()} aria-current=${screen === 'map' ? 'page' : undefined}>Map</a>
          <a href=${statusHref()} aria-current=${screen === 'status' ? 'page' : undefined}
          >Status${troubled && html`<span class="dot ring" title="Something is not instrumented"></span>`}</a>`
      }
    </nav>
    <span class="space"></span>
    ${h(LiveState, {})}
    <button class="plain icon-only" aria-label="Settings" title="Settings (,)"
      onClick=${() => void (dialog.value = 'settings')}>${h(Icon, { name: 'settings' })}</button>
    <button class="plain icon-only" aria-label="Keyboard shortcuts" title="Keyboard shortcuts (?)"
      onClick=${() => void (dialog.value = 'keys')}>${h(Icon, { name: 'keys' })}</button>
  </header>`
}

/** From another screen back to the list as it was left; on the list itself, to all of it. */
function tracesHref(screen: string): string {
  return listHref(screen === 'list' ? {} : { q: listQuery.value })
}

/** The connection in words and in shape, never in colour alone. */
function LiveState(): VNode {
  const { state } = connection.value
  if (state === 'open' && pausedAt.value > 0) {
    return html`<span class="live paused"><span class="dot hollow"></span>
      Paused<span class="rate"> at ${formatTime(pausedAt.value, zone.value).slice(0, 8)}</span></span>`
  }
  if (state === 'open') {
    return html`<span class="live"><span class="dot ok"></span>
      Live<span class="rate muted">${rateText(rate.value)}</span></span>`
  }
  if (state === 'saved')
    return html`<span class="live"><span class="dot hollow"></span> A saved page</span>`
  const text = state === 'connecting' ? 'Connecting' : state === 'locked' ? 'Locked' : 'Offline'
  return html`<span class="live away"><span class="dot hollow"></span>${text}</span>`
}

function rateText(perSecond: number): string {
  if (perSecond <= 0) return ''
  return perSecond < 10 ? `${perSecond.toFixed(1)}/s` : `${Math.round(perSecond)}/s`
}
