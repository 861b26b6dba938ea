import type { VNode } from 'preact'
import { notWatched } from '../../src/wire/trace.ts'
import { formatDuration } from '../format.ts'
import { html } from '../html.ts'
import { ReasonText } from './gap-row.ts'
import type { Model } from './model.ts'
import { reasonsOf } from './reasons.ts'
import type { View } from './view.ts'

/** Below a quarter of the time it is not the answer. */
const leastShare = 0.25

/** What in the process itself took the response time; nothing when it waited for others, or the request is another process's. */
export function RuntimeAnswer({ view, model }: { view: View; model: Model }): VNode | false {
  const explained = view.runtime.value?.explained
  const { spans, summary } = model.columns
  const foreign = ((spans.flags[0] as number) & notWatched) !== 0
  if (explained === undefined || explained === null || foreign) return false
  const [main] = reasonsOf(explained).filter(({ telling }) => telling)
  if (main === undefined || main.time < leastShare * summary.duration * 1000) return false
  return html`<span>For <b>${formatDuration(main.time / 1000)}</b> of ${formatDuration(summary.duration)}: <${ReasonText} ...${{ reason: main }} />.</span>`
}
