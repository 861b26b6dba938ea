import type { Signal } from '@preact/signals'
import type { VNode } from 'preact'
import { zoneName } from '../format.ts'
import { chooseFile } from '../files/import-state.ts'
import { html, part } from '../html.ts'
import { editorNames, editorTitles } from '../editor.ts'
import { density, editor, saved, shortcuts, theme, zone } from '../state.ts'
import { Dialog } from './dialog.ts'

/** Settings of this browser; what the process does is set where it is started. */
export function SettingsDialog(): VNode {
  return part(Dialog, {
    name: 'settings',
    title: 'Settings',
    children: html`<form class="settings" onSubmit=${(event: Event) => event.preventDefault()}>
      ${choice('Theme', theme, [
        ['system', 'As the system'],
        ['light', 'Light'],
        ['dark', 'Dark']
      ])}
      ${choice('Times', zone, [
        ['local', `Local (${zoneName('local')})`],
        ['utc', 'UTC']
      ])}
      ${choice('Rows', density, [
        ['compact', 'Compact'],
        ['normal', 'Normal'],
        ['roomy', 'Roomy']
      ])}
      ${choice('Single-key shortcuts', shortcuts, [
        ['on', 'On'],
        ['off', 'Off']
      ])}
      <label class="setting">
        <span>Open code in</span>
        <select value=${editor.value} onChange=${(event: Event) => void (editor.value = editorNames[(event.currentTarget as HTMLSelectElement).selectedIndex] ?? 'none')}>
          ${editorNames.map((name) => html`<option value=${name} selected=${name === editor.value}>${editorTitles[name]}</option>`)}
        </select>
      </label>
      <p class="muted">Kept in this browser only.</p>
      ${!saved.value && html`<p><button type="button" onClick=${chooseFile}>Import a file of traces…</button></p>`}
    </form>`
  })
}

function choice<T extends string>(
  title: string,
  setting: Signal<T>,
  options: readonly (readonly [T, string])[]
): VNode {
  const name = title.toLowerCase().replaceAll(' ', '-')
  return html`<fieldset>
    <legend>${title}</legend>
    <div class="segments">
      ${options.map(
        ([value, text]) => html`<label key=${value}>
          <input type="radio" name=${name} value=${value} checked=${setting.value === value}
            onChange=${() => void (setting.value = value)} />
          <span>${text}</span>
        </label>`
      )}
    </div>
  </fieldset>`
}
