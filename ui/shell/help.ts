import type { VNode } from 'preact'
import { html, part } from '../html.ts'
import { keyGroups } from '../keys.ts'
import { shortcuts } from '../state.ts'
import { Dialog } from './dialog.ts'

/** Title of the group that every screen has. */
export const everywhere = 'Everywhere'

/** Every shortcut that works on the screen at hand; the groups are those the screen registered. */
export function HelpDialog(): VNode {
  const off = shortcuts.value === 'off'
  // What works everywhere comes last: the reader asks for what this screen can do.
  const ordered = [...keyGroups.value].sort(
    (a, b) => Number(a.title === everywhere) - Number(b.title === everywhere)
  )
  const groups = ordered.map(
    ({ title, keys }) => html`<section class="key-group" key=${title}>
      <h3>${title}</h3>
      <dl>
        ${keys.map(
          (key) => html`<div key=${key.does}>
            <dt>${(key.shown ?? key.keys).map((name) => html`<kbd key=${name}>${name}</kbd>`)}</dt>
            <dd>${key.does}</dd>
          </div>`
        )}
      </dl>
    </section>`
  )
  return part(Dialog, {
    name: 'keys',
    title: 'Keyboard',
    children: html`<div class="key-groups">
      ${off && html`<p class="muted">Single-key shortcuts are switched off in the settings; arrows and Enter always work.</p>`}
      ${groups}
    </div>`
  })
}
