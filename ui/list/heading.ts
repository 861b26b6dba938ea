import type { VNode } from 'preact'
import { useRef } from 'preact/hooks'
import { zoneName } from '../format.ts'
import { html } from '../html.ts'
import { zone } from '../state.ts'
import type { Row } from './rows.ts'

/** Whether more than one service was seen: in a program that is one service, its name on every row says nothing. */
export function useServices(view: readonly Row[]): boolean {
  const several = useRef(false)
  const home = view[0]?.summary.service
  several.current ||= view.some(
    ({ summary }) => summary.services.length > 1 || summary.service !== home
  )
  return several.current
}

export function heading(): VNode {
  return html`<div role="row" class="heading">
    <span role="columnheader" class="c-time" title="When the request began; rows stand in the order in which they ended">Time <span class="muted">${zoneName(zone.value)}</span></span>
    <span role="columnheader" class="c-status">Status</span>
    <span role="columnheader" class="c-method">Method</span>
    <span role="columnheader" class="c-route">Route</span>
    <span role="columnheader" class="c-services">Services</span>
    <span role="columnheader" class="c-dur">Duration</span>
    <span role="columnheader" class="c-bar"><span class="sr-only">Duration as a bar, logarithmic</span><span class="ticks" aria-hidden="true"><i>1 ms</i><i>10</i><i>100</i><i>1 s</i><i>10</i></span></span>
    <span role="columnheader" class="c-spans">Spans</span>
    <span role="columnheader" class="c-db">DB</span>
    <span role="columnheader" class="c-errors">Errors</span>
  </div>`
}
