import type { ComponentType, VNode } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { html, part } from '../html.ts'
import { Icon } from '../icons.ts'
import { dialog, saved } from '../state.ts'
import { hovering } from './import-state.ts'

/** What importing shows: that a file may be let go here, and the dialog, which is a chunk of its own. */
export function Import(): VNode | null {
  const [loaded, setLoaded] = useState<{ ImportDialog: ComponentType<object> } | undefined>(
    undefined
  )
  const wanted = dialog.value === 'import'
  useEffect(() => {
    if (wanted && !loaded)
      import('./import-dialog.ts').then(setLoaded, () => void (dialog.value = ''))
  }, [wanted])
  if (saved.value) return null
  return html`<div>
    ${
      hovering.value &&
      html`<div class="drop">
        <p><${Icon} ...${{ name: 'import' } as const} /> Let go to read its traces</p>
        <p class="muted">OTLP, Jaeger, Zipkin or Chrome trace events; JSON, JSON lines or protobuf, .gz too</p>
      </div>`
    }
    ${wanted && loaded && part(loaded.ImportDialog, {})}
  </div>`
}
