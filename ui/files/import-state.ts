import { signal, type Signal } from '@preact/signals'
import { dialog } from '../state.ts'

/** Files that wait to be read, or are. */
export const importing: Signal<readonly File[]> = signal([])

/** A file is held over the page. */
export const hovering: Signal<boolean> = signal(false)

export function importFiles(files: readonly File[]): void {
  if (files.length === 0) return
  importing.value = files
  dialog.value = 'import'
}

/** Lets the reader choose; to be called in the course of a click. */
export function chooseFile(): void {
  const input = document.createElement('input')
  input.type = 'file'
  input.multiple = true
  input.accept = '.json,.jsonl,.ndjson,.gz,.pb,.binpb,application/json'
  input.addEventListener('change', () => importFiles([...(input.files ?? [])]))
  input.click()
}

/** Files may be dropped anywhere, and JSON pasted anywhere but into a field. */
export function listenForFiles(): void {
  const isFiles = (event: DragEvent): boolean =>
    event.dataTransfer?.types.includes('Files') === true
  document.addEventListener('dragover', (event) => {
    if (!isFiles(event)) return
    event.preventDefault()
    hovering.value = true
  })
  document.addEventListener('dragleave', (event) => {
    // Between two elements of the page it only moves on.
    if (event.relatedTarget === null) hovering.value = false
  })
  document.addEventListener('drop', (event) => {
    if (!isFiles(event)) return
    event.preventDefault()
    hovering.value = false
    importFiles([...(event.dataTransfer?.files ?? [])])
  })
  document.addEventListener('paste', (event) => {
    const { target, clipboardData } = event
    if (target instanceof Element && target.closest('input, textarea, dialog')) return
    const files = [...(clipboardData?.files ?? [])]
    const text = clipboardData?.getData('text/plain') ?? ''
    if (files.length > 0) importFiles(files)
    else if (/^\s*[[{]/.test(text)) importFiles([new File([text], 'what was pasted')])
  })
}
