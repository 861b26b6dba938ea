import type { VNode } from 'preact'
import type { SourceFrame } from '../../src/wire/source.ts'
import { CopyButton } from '../copy-button.ts'
import { editorHref, editorTitles } from '../editor.ts'
import { visible } from '../format.ts'
import { html } from '../html.ts'
import { Icon } from '../icons.ts'
import { editor } from '../state.ts'

/** Lines of a file with the one that counts marked. The numbers are no text: what is copied is code. */
export function CodeFrame({
  frame,
  titled = true
}: {
  frame: SourceFrame
  titled?: boolean
}): VNode | false {
  const { excerpt } = frame
  if (excerpt === null) return false
  const { first, lines, changed } = excerpt
  return html`<div class="code-frame">
    ${
      titled &&
      html`<div class="code-place">
        <code>${visible(frame.file)}:${frame.line}</code>
        <${CopyButton} ...${{ text: `${frame.file}:${frame.line}`, label: 'Copy file and line', icon: 'copy' } as const} />
        <${EditorLink} ...${{ frame }} />
      </div>`
    }
    <pre tabindex="0" aria-label=${`Lines of ${visible(frame.file)}`}>${lines.map(
      (line, i) =>
        html`<span class=${first + i === frame.line ? 'code-line here' : 'code-line'} data-number=${first + i}>${shown(line)}</span>`
    )}</pre>
    ${changed && html`<p class="note warn-text">The file has changed since the process was started.</p>`}
  </div>`
}

// A tab is layout, everything else unseen is not. The line break is for copying; the template would drop one at the end.
function shown(line: string): string {
  return `${line.split('\t').map(visible).join('\t')}\n`
}

/** Opens the place in the reader's editor. The path is known in local mode only. */
export function EditorLink({
  frame: { path, line, column }
}: {
  frame: SourceFrame
}): VNode | false {
  const name = editor.value
  const href = path === '' ? '' : editorHref(name, path, line, column)
  if (href === '') return false
  const title = `Open in ${editorTitles[name]}`
  return html`<a class="button plain icon-only small-button" href=${href} aria-label=${title} title=${title}><${Icon} ...${{ name: 'open', small: true } as const} /></a>`
}
