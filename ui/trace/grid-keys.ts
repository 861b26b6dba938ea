import { spanFlag } from '../../src/wire/trace.ts'
import { copy } from '../copy.ts'
import { traceHref } from '../route.ts'
import { announcement, shortcuts } from '../state.ts'
import { isOnPath } from './critical.ts'
import type { Model } from './model.ts'
import { rowKind, type Rows } from './rows.ts'
import { pan, zoomAt } from './scale.ts'
import type { View } from './view.ts'

/** Keys of a tree grid as the ARIA practices define them, and the page's own. */
export function onGridKey(
  event: KeyboardEvent,
  view: View,
  model: Model,
  rows: Rows,
  page: number
): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  const handled =
    move(event, view, model, rows, page) ||
    (shortcuts.peek() === 'on' && act(event.key, view, model))
  if (!handled) return
  event.preventDefault()
  event.stopPropagation()
}

function move(event: KeyboardEvent, view: View, model: Model, rows: Rows, page: number): boolean {
  const row = view.selected.peek()
  const position = row < 0 ? -1 : (rows.position[row] ?? -1)
  switch (event.key) {
    case 'ArrowDown':
      return stepTo(view, model, rows, position + 1, 1)
    case 'ArrowUp':
      return stepTo(view, model, rows, position - 1, -1)
    case 'PageDown':
      return stepTo(view, model, rows, position + page, 1)
    case 'PageUp':
      return stepTo(view, model, rows, position - page, -1)
    case 'Home':
      return stepTo(view, model, rows, 0, 1)
    case 'End':
      return stepTo(view, model, rows, rows.length - 1, -1)
    case 'ArrowRight':
      return event.shiftKey ? slide(view, 0.2) : unfold(view, model, rows, row, position)
    case 'ArrowLeft':
      return event.shiftKey ? slide(view, -0.2) : foldUp(view, model, row, rows, position)
    case 'Enter':
      return openPanel(view)
    default:
      return false
  }
}

function stepTo(view: View, model: Model, rows: Rows, wanted: number, direction: 1 | -1): boolean {
  let position = Math.min(Math.max(wanted, 0), rows.length - 1)
  // A gap is no span: the step goes on past it.
  while (
    rows.kind[position] === rowKind.gap &&
    position + direction >= 0 &&
    position + direction < rows.length
  )
    position += direction
  const at = rows.at[position] ?? -1
  if (rows.kind[position] === rowKind.span) view.select(at)
  else if (rows.kind[position] === rowKind.group) selectGroup(view, model, at)
  return true
}

/** A folded group is stood on by selecting its first member without opening it. */
function selectGroup(view: View, model: Model, group: number): void {
  view.selected.value = model.groups[group]?.first ?? -1
}

function unfold(view: View, model: Model, rows: Rows, row: number, position: number): boolean {
  if (row < 0) return false
  if (rows.kind[position] === rowKind.group) view.toggleGroup(rows.at[position] as number)
  else if (view.folding.peek().collapsed.has(row)) view.toggle(row)
  else if ((model.children[row] as number) > 0) goTo(view, model, rows, row + 1)
  return true
}

function foldUp(view: View, model: Model, row: number, rows: Rows, position: number): boolean {
  if (row < 0) return false
  const group = model.groupOf[row] as number
  const folds = (model.children[row] as number) > 0 && !view.folding.peek().collapsed.has(row)
  if (folds) view.toggle(row)
  else if (
    group >= 0 &&
    rows.kind[position] === rowKind.span &&
    view.folding.peek().opened.has(group)
  ) {
    view.toggleGroup(group)
    selectGroup(view, model, group)
  } else goTo(view, model, rows, model.columns.spans.parent[row] as number)
  return true
}

/** Stands on a span, or on the folded group that it is in. */
function goTo(view: View, model: Model, rows: Rows, row: number): void {
  const position = rows.position[row] ?? -1
  if (rows.kind[position] === rowKind.group) selectGroup(view, model, rows.at[position] as number)
  else view.select(row)
}

function slide(view: View, share: number): boolean {
  view.setWindow(pan(view.window.peek(), view.whole.peek(), share))
  return true
}

function openPanel(view: View): boolean {
  view.panelOpen.value = true
  requestAnimationFrame(() => document.querySelector<HTMLElement>('.panel')?.focus())
  return true
}

function act(key: string, view: View, model: Model): boolean {
  const row = view.selected.peek()
  const { spans, extent } = model.columns
  const window = view.window.peek()
  const zoom = (factor: number) =>
    view.setWindow(zoomAt(window, view.whole.peek(), factor, (window.from + window.to) / 2))
  const failed = (i: number) => ((spans.flags[i] as number) & spanFlag.error) !== 0
  switch (key) {
    case '*':
      return siblings(view, model, row)
    case '[':
      view.setFolding({
        collapsed: new Set(),
        opened: new Set(model.groups.keys()),
        focus: view.folding.peek().focus
      })
      return true
    case ']':
      return foldAll(view, model)
    case 'e':
      return next(view, model, failed, 1)
    case 'E':
      return next(view, model, failed, -1)
    case 'n':
      return nextMatch(view, 1)
    case 'N':
      return nextMatch(view, -1)
    case 'c':
      return next(view, model, (i) => isOnPath(model.path, i), 1)
    case 's':
      return next(view, model, (i) => (spans.self[i] as number) >= extent / 20, 1)
    case '+':
    case '=':
      zoom(0.5)
      return true
    case '-':
      zoom(2)
      return true
    case '0':
      view.setWindow(view.whole.peek())
      return true
    case 'z':
      if (row >= 0)
        view.setWindow({
          from: spans.start[row] as number,
          to: (spans.start[row] as number) + (spans.duration[row] as number)
        })
      return true
    case 'f':
      view.setFolding({
        ...view.folding.peek(),
        focus: view.folding.peek().focus === row ? 0 : Math.max(row, 0)
      })
      return true
    case 'y':
      void copyLink(view, spans.id[row] ?? '')
      return true
    default:
      return false
  }
}

/** Goes to the next row that passes, around the end. */
function next(
  view: View,
  model: Model,
  passes: (row: number) => boolean,
  direction: 1 | -1
): boolean {
  const from = view.selected.peek()
  for (let step = 1; step <= model.count; step++) {
    const row = (((from + step * direction) % model.count) + model.count) % model.count
    if (!passes(row)) continue
    view.select(row)
    return true
  }
  announcement.value = 'There is none in this trace'
  return true
}

export function nextMatch(view: View, direction: 1 | -1): boolean {
  const matches = view.matches.peek()
  if (matches.length === 0) return true
  const row = view.selected.peek()
  const after =
    direction === 1
      ? matches.find((match) => match > row)
      : matches.findLast((match) => match < row)
  view.select(after ?? (direction === 1 ? matches[0] : matches.at(-1)) ?? -1)
  return true
}

function siblings(view: View, model: Model, row: number): boolean {
  const collapsed = new Set(view.folding.peek().collapsed)
  const { parent } = model.columns.spans
  for (let i = 0; i < model.count; i++) if (parent[i] === parent[row]) collapsed.delete(i)
  view.setFolding({ ...view.folding.peek(), collapsed })
  return true
}

function foldAll(view: View, model: Model): boolean {
  const collapsed = new Set<number>()
  for (let i = 0; i < model.count; i++) {
    if ((model.children[i] as number) > 0 && (model.columns.spans.depth[i] as number) > 0)
      collapsed.add(i)
  }
  view.setFolding({ collapsed, opened: new Set(), focus: view.folding.peek().focus })
  // The selection must stay on a row that is there.
  let row = view.selected.peek()
  while (row >= 0 && (model.columns.spans.depth[row] as number) > 1)
    row = model.columns.spans.parent[row] as number
  view.selected.value = row
  return true
}

async function copyLink(view: View, spanId: string): Promise<void> {
  const link = new URL(traceHref(view.traceId, { s: spanId }), location.href).href
  announcement.value = (await copy(link)) ? 'Link copied' : 'The browser did not allow copying'
}
