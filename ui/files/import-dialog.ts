import './import.css'
import type { VNode } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { type ImportResult, maxImportBytes } from '../../src/wire/files.ts'
import { ApiProblem, isAbort, sendFile } from '../api.ts'
import { formatBytes, formatCount, formatMany, visible } from '../format.ts'
import { html, part } from '../html.ts'
import { go, listHref, traceHref } from '../route.ts'
import { Dialog } from '../shell/dialog.ts'
import { dialog } from '../state.ts'
import { importing } from './import-state.ts'

interface Reading {
  readonly name: string
  readonly size: number
  /** Share that is sent, 0 to 1. */
  readonly sent: number
  readonly result?: ImportResult
  /** Why nothing of it could be read. */
  readonly failed?: string
}

/** Sends the files one after the other, and says what came of each. */
export function ImportDialog(): VNode {
  const files = importing.value
  const [readings, setReadings] = useState<readonly Reading[]>([])
  const now = readings.length === files.length ? readings : files.map(waiting)
  useEffect(() => {
    const abort = new AbortController()
    void readAll(files, setReadings, abort.signal)
    return () => abort.abort()
  }, [files])
  const done = now.every(({ result, failed }) => result !== undefined || failed !== undefined)
  const ids = [...new Set(now.flatMap(({ result }) => result?.ids ?? []))]
  const traces = now.reduce((sum, { result }) => sum + (result?.traces ?? 0), 0)
  return part(Dialog, {
    name: 'import',
    title: done ? 'Imported' : 'Importing',
    children: html`<div class="import">
      ${now.map((reading, i) => html`<section key=${i}>${about(reading)}</section>`)}
      <p class="actions">
        ${done && traces > 0 && html`<button type="button" class="primary" autofocus onClick=${() => show(ids, traces)}>${traces === 1 ? 'Open the trace' : `Show the ${formatCount(traces)} traces`}</button>`}
        <button type="button" onClick=${close}>${done ? 'Close' : 'Cancel'}</button>
      </p>
    </div>`
  })
}

function close(): void {
  dialog.value = ''
}

function about({ name, size, sent, result, failed }: Reading): VNode {
  return html`<h3 class="clip">${visible(name)} <span class="muted">${formatBytes(size)}</span></h3>
    ${failed !== undefined && html`<p class="error-text" role="alert">${failed}</p>`}
    ${
      !result &&
      failed === undefined &&
      html`<p role="status"><progress max="1" value=${String(sent)} aria-label="Sent"></progress> ${sent < 1 ? 'sending' : 'reading'}</p>`
    }
    ${
      result &&
      html`<p role="status">${result.spans === 0 ? 'No span could be read.' : html`<b>${formatMany(result.traces, 'trace')}</b> with ${formatMany(result.spans, 'span')}${result.known > 0 && `, ${formatCount(result.known)} of them here already`}`}</p>
      ${result.problems.length > 0 && problems(result)}`
    }`
}

function problems({ problems, moreProblems, spans }: ImportResult): VNode {
  const all = problems.length + moreProblems
  return html`<p class="warn-text">${spans > 0 ? 'All but this was read' : 'What is wrong'}${all > 1 ? `, in ${formatCount(all)} places` : ''}:</p>
    <ul class="problems" tabindex="0" aria-label="What was not read">
      ${problems.map(
        ({ line, column, why }) =>
          html`<li key=${`${line} ${column} ${why}`}><code>line ${line}, column ${column}</code> ${why}</li>`
      )}
      ${moreProblems > 0 && html`<li class="muted">and ${formatCount(moreProblems)} more</li>`}
    </ul>`
}

/** Begins of ids that fit into a query; of more traces than that, the list has them on top. */
const shown = { ids: 70, digits: 12 }

function show(ids: readonly string[], traces: number): void {
  close()
  const [only] = ids
  if (only !== undefined && traces === 1) return go(traceHref(only), 'push')
  const begins = ids.map((id) => id.slice(0, shown.digits)).join(',')
  go(listHref(traces > Math.min(ids.length, shown.ids) ? {} : { q: `id:${begins}` }), 'push')
}

function waiting({ name, size }: File): Reading {
  return { name, size, sent: 0 }
}

async function readAll(
  files: readonly File[],
  onChange: (readings: readonly Reading[]) => void,
  signal: AbortSignal
): Promise<void> {
  const readings = files.map(waiting)
  const note = (i: number, change: Partial<Reading>): void => {
    readings[i] = { ...(readings[i] as Reading), ...change }
    onChange([...readings])
  }
  for (const [i, file] of files.entries()) {
    try {
      const body = await fitting(file)
      note(i, { result: await sendFile(body, (sent) => note(i, { sent }), signal) })
    } catch (error) {
      if (isAbort(error)) return
      note(i, {
        failed: error instanceof ApiProblem ? `${error.message}. ${error.hint}` : String(error)
      })
    }
  }
  const [only] = readings
  const result = readings.length === 1 ? only?.result : undefined
  if (result?.traces === 1 && result.problems.length === 0) show(result.ids, 1)
}

/** What is too large as it is may be small enough when it is packed. */
async function fitting(file: File): Promise<Blob> {
  if (file.size <= maxImportBytes) return file
  const packed = await new Response(
    file.stream().pipeThrough(new CompressionStream('gzip') as ReadableWritablePair)
  ).blob()
  if (packed.size <= maxImportBytes) return packed
  throw new ApiProblem(413, 'The file is too large', `At most ${formatBytes(maxImportBytes)}.`)
}
