import type { VNode } from 'preact'
import { explain } from '../../src/wire/runtime.ts'
import { notWatched } from '../../src/wire/trace.ts'
import { formatDuration, visible } from '../format.ts'
import { html } from '../html.ts'
import { traceHref } from '../route.ts'
import type { Gap, Model } from './model.ts'
import { culpritName, type Reason, reasonsOf, reasonText } from './reasons.ts'
import { place } from './scale.ts'
import type { View } from './view.ts'

interface GapRowProps {
  view: View
  model: Model
  gap: Gap
  id: string
  index: number
  top: string
  indent: string
}

/** A stretch that no span covers, and what it was spent on as far as this process knows. */
export function GapRow({ view, model, gap, id, index, top, indent }: GapRowProps): VNode {
  const box = place(view.window.value, gap.from, gap.to - gap.from)
  const length = formatDuration((gap.to - gap.from) / 1000)
  const reasons = reasonsIn(view, model, gap)
  const all = reasons.map(
    (reason) => `${formatDuration(reason.time / 1000)}: ${reasonText(reason)}`
  )
  const title = [`no span covers ${length}`, ...all].map(visible).join('\n')
  const [main] = reasons
  return html`<div class="row gap" role="row" id=${id} aria-level=${(view.rows.value?.level[gap.parent] ?? 0) + 2} aria-rowindex=${index + 1} style=${top} title=${title}>
    <div class="name" role="rowheader" style=${indent}>
      <span class="fold leaf"></span><span class="label clip">${main === undefined ? `no span covers ${length}` : html`no span: <${ReasonText} ...${{ reason: main }} />`}</span>
    </div>
    <div class="dur" role="gridcell">${length}</div>
    <div class="time" role="gridcell" aria-hidden="true">
      ${box && html`<span class="hatch" style=${`left:${box.x.toFixed(3)}%;width:${box.w.toFixed(3)}%`}></span>`}
    </div>
  </div>`
}

/** A reason in words, the culprit's name as the way to it. */
export function ReasonText({ reason }: { reason: Reason }): VNode {
  const { before, culprit, after } = reason
  if (culprit === undefined) return html`<span>${before}</span>`
  const name = visible(culpritName(culprit))
  return html`<span>${before}<a href=${traceHref(culprit.traceId, { s: culprit.spanId })}>${name}</a> ${after}</span>`
}

/** Below this share of the gap a reason does not answer for it. */
const leastShare = 0.4

function reasonsIn(view: View, { columns }: Model, gap: Gap): Reason[] {
  const activity = view.runtime.value
  // Of the other services' time this process knows nothing.
  const foreign = ((columns.spans.flags[gap.parent] as number) & notWatched) !== 0
  if (activity === undefined || foreign) return []
  const reasons = reasonsOf(explain(activity, gap.from, gap.to))
  return (reasons[0]?.time ?? 0) >= leastShare * (gap.to - gap.from) ? reasons : []
}
