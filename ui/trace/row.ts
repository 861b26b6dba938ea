import type { VNode } from 'preact'
import { categories, spanFlag } from '../../src/wire/trace.ts'
import { formatCount, formatDuration, visible } from '../format.ts'
import { html } from '../html.ts'
import { Icon, type IconName } from '../icons.ts'
import { Bar, Critical, Members } from './bars.ts'
import { shortPlace } from './call-site.ts'
import { categoryName, colourOf } from './colours.ts'
import { GapRow } from './gap-row.ts'
import { type Group, textOfLayers } from './groups.ts'
import type { Model } from './model.ts'
import { rowKind } from './rows.ts'
import type { View } from './view.ts'

const deepestIndent = 24

/** Row number `index` of the timeline. */
export function Row({
  view,
  model,
  index
}: {
  view: View
  model: Model
  index: number
}): VNode | null {
  const rows = view.rows.value
  if (rows === undefined || index >= rows.length) return null
  const at = rows.at[index] as number
  if (rows.kind[index] === rowKind.gap) return gapRow(view, model, index, at)
  if (rows.kind[index] === rowKind.group)
    return html`<${GroupRow} ...${{ view, model, index, at } satisfies PartProps} />`
  return html`<${SpanRow} ...${{ view, model, index, at } satisfies PartProps} />`
}

interface PartProps {
  view: View
  model: Model
  index: number
  at: number
}

export const rowId = (index: number) => `row-${index}`

function SpanRow({ view, model, index, at }: PartProps): VNode {
  const { spans, services, names } = model.columns
  const flags = spans.flags[at] as number
  const parent = spans.parent[at] as number
  const name = visible(names[spans.name[at] as number] ?? '')
  const service = visible(services[spans.service[at] as number] ?? '')
  const failed = (flags & spanFlag.error) !== 0
  const open = (flags & spanFlag.open) !== 0
  const folds = (model.children[at] as number) > 0
  const collapsed = folds && view.folding.value.collapsed.has(at) && !view.only.value
  const hidden = collapsed ? (model.subtreeEnd[at] as number) - at - 1 : 0
  const newService =
    services.length > 1 && (parent < 0 || spans.service[parent] !== spans.service[at])
  const hit = view.find.value !== '' && isMatch(view.matches.value, at)
  const category = spans.category[at] as number
  const depth = view.rows.value?.level[at] ?? 0
  const colour = colourOf(model, at, view.colour.value)
  const classes = [
    'row',
    failed && 'failed',
    hit && 'hit',
    view.find.value !== '' && !hit && 'faint'
  ]
    .filter(Boolean)
    .join(' ')
  return html`<div
    class=${classes}
    role="row"
    id=${rowId(index)}
    aria-level=${depth + 1}
    aria-rowindex=${index + 1}
    aria-selected=${view.selected.value === at}
    aria-expanded=${folds ? !collapsed : undefined}
    style=${rowStyle(index)}
    onClick=${() => view.select(at)}
    onDblClick=${() => view.setWindow({ from: spans.start[at] as number, to: (spans.start[at] as number) + (spans.duration[at] as number) })}
  >
    <div class="name" role="rowheader" style=${indent(depth)}>
      <span class=${folds ? 'fold' : 'fold leaf'} aria-hidden="true" onClick=${folds ? fold(() => view.toggle(at)) : undefined}>
        ${folds && html`<${Icon} ...${{ name: collapsed ? 'expand' : 'collapse', small: true } as const} />`}
      </span>
      <span class=${`glyph data-mark c${colour}`} title=${categoryName(category)}>
        <${Icon} ...${{ name: categories[category] as IconName, small: true }} />
      </span>
      ${newService && html`<span class="service">${service}</span>`}
      <span class="label clip" title=${name}>${name}</span>
      ${failed && html`<span class="mark"><${Icon} ...${{ name: 'error', small: true, label: 'failed' } as const} /></span>`}
      ${
        collapsed &&
        html`<span class="more">+${formatCount(hidden)}</span>
          ${(model.errorsBelow[at] as number) > 0 && html`<span class="mark hollow"><${Icon} ...${{ name: 'fault', small: true, label: `${model.errorsBelow[at]} failed below` } as const} /></span>`}`
      }
      ${flagNotes(flags)}
    </div>
    <div class="dur" role="gridcell">${open ? `${formatDuration((spans.duration[at] as number) / 1000)} …` : formatDuration((spans.duration[at] as number) / 1000)}</div>
    <div class="time" role="gridcell" aria-hidden="true">
      <${Bar} ...${{ view, model, first: at, end: collapsed ? (model.subtreeEnd[at] as number) : at + 1, start: spans.start[at] as number, duration: spans.duration[at] as number, colour, failed, open }} />
    </div>
  </div>`
}

function GroupRow({ view, model, index, at }: PartProps): VNode | null {
  const group = model.groups[at]
  if (group === undefined) return null
  const opened = view.folding.value.opened.has(at)
  const last = group.first + group.count - 1
  const depth = view.rows.value?.level[group.first] ?? 0
  const selected = !opened && view.selected.value >= group.first && view.selected.value <= last
  return html`<div
    class=${`row group ${group.kind}${group.errors > 0 ? ' failed' : ''}`}
    role="row"
    id=${rowId(index)}
    aria-level=${depth + 1}
    aria-rowindex=${index + 1}
    aria-selected=${selected}
    aria-expanded=${opened}
    style=${rowStyle(index)}
    onClick=${() => view.toggleGroup(at)}
  >
    <div class="name" role="rowheader" style=${indent(depth)}>
      <span class="fold" aria-hidden="true"><${Icon} ...${{ name: opened ? 'collapse' : 'expand', small: true } as const} /></span>
      ${group.kind === 'layers' ? layersLabel(model, group, opened) : loopLabel(model, group)}
      ${group.errors > 0 && html`<span class="mark"><${Icon} ...${{ name: 'error', small: true, label: `${group.errors} failed` } as const} /></span>`}
    </div>
    <div class="dur" role="gridcell">${formatDuration(group.total / 1000)}</div>
    <div class="time" role="gridcell" aria-hidden="true">
      ${!opened && html`<${Members} ...${{ view, model, first: group.first, count: group.count, colour: colourOf(model, group.first, view.colour.value) }} />`}
      ${!opened && html`<${Critical} ...${{ view, model, first: group.first, end: last + 1 }} />`}
    </div>
  </div>`
}

function loopLabel(model: Model, { first, count, site }: Group): VNode {
  const { spans, names } = model.columns
  const name = visible(names[spans.name[first] as number] ?? '')
  return html`<span class="times">${formatCount(count)}×</span>
    <span class="label clip" title=${name}>${name}</span>
    ${spans.category[first] === 1 && html`<span class="badge warn" title="The same query again and again: one query for all rows would do">N+1</span>`}
    ${site !== '' && html`<span class="site clip" title=${`All from ${visible(site)}`}>${visible(shortPlace(site))}</span>`}`
}

function layersLabel(model: Model, group: Group, opened: boolean): VNode {
  const { title, passed } = textOfLayers(model.columns, group)
  return html`<span class="times" title="None of them took long; the time is their own, without what they called">${`${title} `}</span>
    <span class="label clip muted" title=${visible(passed)}>${!opened && visible(passed)}</span>`
}

function gapRow(view: View, model: Model, index: number, at: number): VNode | null {
  const gap = model.gaps[at]
  if (gap === undefined) return null
  const depth = (view.rows.value?.level[gap.parent] ?? 0) + 1
  return html`<${GapRow} ...${{ view, model, gap, id: rowId(index), index, top: rowStyle(index), indent: indent(depth) }} />`
}

function flagNotes(flags: number): VNode | false {
  if ((flags & spanFlag.late) !== 0)
    return html`<span class="badge" title="Went on after the response was sent">late</span>`
  if ((flags & spanFlag.orphan) !== 0)
    return html`<span class="badge" title="Its parent is not among the spans that arrived">no parent</span>`
  if ((flags & spanFlag.cycle) !== 0)
    return html`<span class="badge" title="Its parents form a circle">circle</span>`
  return false
}

function rowStyle(index: number): string {
  return `top:calc(${index} * var(--trow))`
}

function indent(depth: number): string {
  return `padding-left:calc(6px + ${Math.min(depth, deepestIndent)} * var(--indent))`
}

function fold(toggle: () => void): (event: MouseEvent) => void {
  return (event) => {
    event.stopPropagation()
    toggle()
  }
}

/** Matches are in order: found by halving. */
function isMatch(matches: readonly number[], row: number): boolean {
  let low = 0
  let high = matches.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const value = matches[middle] as number
    if (value === row) return true
    if (value < row) low = middle + 1
    else high = middle - 1
  }
  return false
}
