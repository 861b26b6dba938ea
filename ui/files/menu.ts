import './menu.css'
import type { VNode } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { leftHeader } from '../../src/wire/files.ts'
import { beginningOf } from '../../src/wire/trace.ts'
import { ApiProblem, download, getText } from '../api.ts'
import { copy } from '../copy.ts'
import { formatMany } from '../format.ts'
import { html } from '../html.ts'
import { Icon } from '../icons.ts'
import { startChoosing } from '../list/marks.ts'
import { announcement } from '../state.ts'
import { exportFormats, type ExportFormat } from './formats.ts'
import { chooseFile } from './import-state.ts'
import type { ExportTarget } from './menu-button.ts'

export interface MenuProps {
  target: ExportTarget
  /** `refocus` gives the focus back to the button. */
  onClose: (refocus: boolean) => void
}

/** A menu as the ARIA practices have it: arrows walk, Escape and Tab leave. */
export function Menu({ target, onClose }: MenuProps): VNode {
  const menu = useRef<HTMLDivElement>(null)
  const items = (): HTMLElement[] => [
    ...(menu.current?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])
  ]
  useEffect(() => items()[0]?.focus(), [])
  const onKeyDown = (event: KeyboardEvent): void => {
    const all = items()
    const at = all.indexOf(document.activeElement as HTMLElement)
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 + all.length, Home: 0, End: all.length - 1 }[
      event.key
    ]
    if (event.key === 'Escape' || event.key === 'Tab') onClose(event.key === 'Escape')
    else if (to !== undefined) all[to % all.length]?.focus()
    else return
    if (event.key !== 'Tab') event.preventDefault()
    event.stopPropagation()
  }
  const choose = (run: () => void) => () => {
    onClose(true)
    run()
  }
  return html`<div role="menu" class="menu" ref=${menu} aria-label=${titleOf(target)} onKeyDown=${onKeyDown}>
    <p class="menu-title muted" role="presentation">${titleOf(target)}</p>
    ${exportFormats.map(
      (
        format
      ) => html`<button type="button" role="menuitem" tabindex="-1" key=${format.name} onClick=${choose(() => void save(target, format))}>
        <${Icon} ...${{ name: format.icon }} /><span><b>${format.title}</b><span class="muted">${format.use}</span></span>
      </button>`
    )}
    ${
      'traceId' in target &&
      html`<hr />
        <button type="button" role="menuitem" tabindex="-1" onClick=${choose(() => void copyDiagram(target.traceId))}>
        <${Icon} ...${{ name: 'copy' } as const} /><span><b>Copy as Mermaid</b><span class="muted">who calls whom, for GitHub, GitLab or a wiki</span></span>
      </button>`
    }
    ${
      'query' in target &&
      html`<hr />
        <button type="button" role="menuitem" tabindex="-1" onClick=${choose(startChoosing)}>
        <${Icon} ...${{ name: 'tick' } as const} /><span><b>Choose traces…</b><span class="muted">tick those to export; Space ticks a row, too</span></span>
      </button>
        <button type="button" role="menuitem" tabindex="-1" onClick=${choose(chooseFile)}>
        <${Icon} ...${{ name: 'import' } as const} /><span><b>Import a file…</b><span class="muted">any of these but the page; or drop it anywhere</span></span>
      </button>`
    }
  </div>`
}

function titleOf(target: ExportTarget): string {
  if ('traceId' in target) return 'Save this trace as'
  if ('ids' in target) return `Save ${formatMany(target.ids.length, 'selected trace')} as`
  return target.query === '' ? 'Save the traces in memory as' : 'Save the traces that match as'
}

async function save(target: ExportTarget, format: ExportFormat): Promise<void> {
  announcement.value = 'The file is being made'
  try {
    const ids = 'ids' in target ? target.ids.join(',') : undefined
    const answer = await download(pathOf(target, format.name), nameOf(target, format), ids)
    const left = Number(answer.headers.get(leftHeader) ?? 0)
    announcement.value =
      left === 0
        ? 'Downloaded'
        : ids === undefined
          ? `Downloaded; ${formatMany(left, 'trace')} more found no room in the file`
          : `Downloaded without ${formatMany(left, 'trace')}: no longer in memory, or no room in the file`
  } catch (error) {
    announcement.value = `The download failed. ${error instanceof ApiProblem ? error.message : ''}`
  }
}

async function copyDiagram(traceId: string): Promise<void> {
  try {
    const text = await getText(`api/traces/${traceId}?format=mermaid`)
    announcement.value = (await copy(text)) ? 'Copied' : 'The browser did not allow copying'
  } catch {
    announcement.value = 'The diagram could not be read'
  }
}

function pathOf(target: ExportTarget, format: string): string {
  if ('traceId' in target) return `api/traces/${target.traceId}?format=${format}`
  if ('ids' in target) return `api/export?format=${format}`
  return `api/export?${new URLSearchParams({ format, q: target.query })}`
}

function nameOf(target: ExportTarget, { extension }: ExportFormat): string {
  return 'traceId' in target
    ? `trace-${beginningOf(target.traceId)}.${extension}`
    : `traces.${extension}`
}
