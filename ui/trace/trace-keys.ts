import { useEffect } from 'preact/hooks'
import { type Key, useKeys } from '../keys.ts'
import { announcement, pin } from '../state.ts'
import { focusGrid } from './panel.ts'
import type { View } from './view.ts'

/*
 * What the `?` dialog says about a trace. Most of it has no `run`: the grid, the minimap and the panel handle their keys themselves while
 * they have the focus.
 */

const rows: readonly Key[] = [
  { keys: ['↑', '↓'], does: 'previous and next row' },
  { keys: ['PgUp', 'PgDn'], does: 'by a page' },
  { keys: ['Home', 'End'], does: 'first and last row' },
  { keys: ['e', 'E'], does: 'next and previous error' },
  { keys: ['c'], does: 'next on the critical path' },
  { keys: ['s'], does: 'next with 5 % of the time itself' },
  { keys: ['Enter'], does: 'go to the details' },
  { keys: ['Esc'], does: 'back from the details to the row' },
  { keys: ['y'], does: 'copy a link to the span' }
]

const folds: readonly Key[] = [
  { keys: ['→'], does: 'unfold, then the first child' },
  { keys: ['←'], does: 'fold, then the parent' },
  { keys: ['*'], does: 'unfold all siblings' },
  { keys: ['[', ']'], does: 'unfold all, fold all' },
  { keys: ['f'], does: 'only this subtree, again for all' }
]

const zooms: readonly Key[] = [
  { keys: ['+', '-', '0'], does: 'in, out, show all' },
  { keys: ['z'], does: 'to the span; or double-click it' },
  { keys: ['Shift ←', 'Shift →'], does: 'move to earlier, later' },
  { keys: ['Ctrl wheel'], does: 'at the pointer' },
  { keys: ['←', '→', '↑', '↓'], does: 'on the overview: move, zoom' },
  { keys: ['Esc'], does: 'on the overview: show all' },
  { keys: ['←', '→'], does: 'on the line beside the names: resize' }
]

const finds: readonly Key[] = [
  { keys: ['Ctrl F'], does: 'find; again for the browser’s' },
  { keys: ['Enter', 'Shift Enter'], does: 'in the field: next, previous' },
  { keys: ['n', 'N'], does: 'next and previous match' },
  { keys: ['Esc'], does: 'in the field: clear, to the rows' }
]

export function useTraceKeys(view: View): void {
  useKeys('Trace', [
    { keys: ['t'], does: 'to the spans', run: focusGrid },
    { keys: ['x'], does: 'pin the trace', run: () => void pinIt(view) },
    { keys: ['←', '→'], does: 'on the tabs: another view' }
  ])
  useKeys('Spans', rows)
  useKeys('Folding', folds)
  useKeys('Zoom', zooms)
  useKeys('Find', [{ keys: ['/'], does: 'find in the trace', run: focusFind }, ...finds])
}

async function pinIt(view: View): Promise<void> {
  if (view.pinned.peek()) announcement.value = 'It is pinned already'
  else if (await pin.peek()(view.traceId)) view.pinned.value = true
}

function focusFind(): void {
  const input = document.querySelector<HTMLInputElement>('#find')
  input?.focus()
  input?.select()
}

/** Ctrl+F finds in the trace; pressed again inside the field, it is the browser's. */
export function useFindKey(): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== 'f' || !(event.ctrlKey || event.metaKey)) return
      if (document.activeElement?.id === 'find' || document.querySelector('#find') === null) return
      event.preventDefault()
      focusFind()
    }
    addEventListener('keydown', onKeyDown)
    return () => removeEventListener('keydown', onKeyDown)
  }, [])
}
