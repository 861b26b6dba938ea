import { h, type VNode } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { html } from '../html.ts'
import { Icon, type IconName } from '../icons.ts'
import type { Feed } from '../list/feed.ts'
import { connection, restarted, skipped } from '../state.ts'
import { formatMany } from '../format.ts'

/**
 * What the reader must know about the connection, one thing at a time, the worst first. It lies over the top of the
 * screen: a line that came and went in the flow would move the list.
 */
export function Banner({ feed }: { feed: Feed }): VNode | null {
  const state = connection.value
  const [long, setLong] = useState(false)
  const away = state.state === 'lost' || state.state === 'connecting'
  // A reconnection within a second is nobody's business.
  useEffect(() => {
    setLong(false)
    if (!away) return undefined
    const timer = setTimeout(() => setLong(true), 1_200)
    return () => clearTimeout(timer)
  }, [away])
  const retry = html`<button onClick=${() => feed.retry()}>Try now</button>`
  if (state.state === 'locked') return line('fault', state.text, null)
  if (away && long) {
    return line(
      'fault',
      'The process does not answer. The rows below are what it said last.',
      retry
    )
  }
  if (restarted.value) {
    return line(
      'retry',
      'The process was restarted and its memory is new. Dimmed rows are from before and can no longer be opened.',
      close(() => void (restarted.value = false))
    )
  }
  if (skipped.value > 0) {
    return line(
      'fault',
      `${formatMany(skipped.value, 'trace')} not shown: this page reads more slowly than they come.`,
      html`<button onClick=${() => feed.catchUp()}>Show them</button>`
    )
  }
  return null
}

function line(icon: IconName, text: string, action: VNode | null): VNode {
  return html`<div class="banner" role="status">
    ${h(Icon, { name: icon })}<span>${text}</span>${action}
  </div>`
}

function close(run: () => void): VNode {
  return html`<button class="plain icon-only" aria-label="Dismiss" onClick=${run}>
    ${h(Icon, { name: 'close' })}
  </button>`
}
