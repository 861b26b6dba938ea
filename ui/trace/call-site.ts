import type { VNode } from 'preact'
import type { SourceFrame } from '../../src/wire/source.ts'
import { CopyButton } from '../copy-button.ts'
import { formatCount, visible } from '../format.ts'
import { html } from '../html.ts'
import { Icon } from '../icons.ts'
import { EditorLink } from './code-frame.ts'
import type { Model } from './model.ts'
import { lineHref, type Site } from './source.ts'
import type { View } from './view.ts'

/** The line of code that a span was started from, and the way to all others from there. */
export function CallSite({
  view,
  model,
  site,
  frame
}: {
  view: View
  model: Model
  site: Site
  frame: SourceFrame | undefined
}): VNode {
  const place = `${site.file}:${site.line}`
  const count = model.spansFrom(place)
  return html`<dt>Code</dt>
    <dd class="with-tool call-site">
      <span title=${visible(place)}><code>${visible(shortPlace(place))}</code>${site.fn !== '' && html` <span class="muted">${visible(site.fn)}</span>`}</span>
      <${CopyButton} ...${{ text: place, label: 'Copy file and line', icon: 'copy' } as const} />
      ${frame !== undefined && html`<${EditorLink} ...${{ frame }} />`}
      <a class="button plain icon-only small-button" href=${lineHref(site)} aria-label="All spans from this line" title="All spans from this line"><${Icon} ...${{ name: 'search', small: true } as const} /></a>
      ${count > 1 && html`<button type="button" class="plain tiny" onClick=${() => view.setFind(place)}>${formatCount(count)} in this trace</button>`}
    </dd>`
}

/** `repo.ts:88`: the end of a path is what tells places apart. */
export function shortPlace(place: string): string {
  return place.slice(place.lastIndexOf('/') + 1)
}
