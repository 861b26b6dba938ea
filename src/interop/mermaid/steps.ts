import { SpanKind, StatusCode } from '../../base/span-data.ts'
import { databaseOf, peerOf } from '../../query/categories.ts'
import type { WholeTrace } from '../../trace/whole-trace.ts'

/** A call from one side to another, or what happens in one alone, and the calls that it leads to. */
export interface Step {
  /** '' where nobody is known: the caller of the whole trace. */
  readonly from: string
  /** Undefined until it is known; who is not told stays so. */
  to: string | undefined
  readonly name: string
  /** Nanoseconds. */
  readonly duration: number
  readonly failed: boolean
  /** Nobody waits for an answer. */
  readonly message: boolean
  readonly children: Step[]
}

/** Sides are services, databases and other peers; which of them tells the first letter, so that none takes another's name. */
export const sideName = (side: string): string => side.slice(1)
const service = (name: string): string => `s${name}`
const peer = (name: string): string => `p${name}`

/** The calls of a trace. What a service does within itself is left out; what it calls meanwhile is not. */
export function* stepsOf({ tree, rows }: WholeTrace): Generator<void, Step[]> {
  const roots: Step[] = []
  // The call that each row is a part of.
  const partOf: (Step | undefined)[] = []
  const peers: { readonly step: Step; readonly side: string }[] = []
  for (const [row, { span, record }] of rows.entries()) {
    if (row % 512 === 0) yield
    const above = tree.parent[row] as number
    const outer = above < 0 ? undefined : partOf[above]
    const here = service(record.resource.service)
    const step = (from: string, to: string | undefined): Step => ({
      from,
      to,
      name: span.name,
      duration: tree.duration[row] as number,
      failed: span.status === StatusCode.error,
      message: span.kind === SpanKind.producer,
      children: []
    })
    const add = (made: Step, within: Step | undefined = outer): void => {
      ;(within?.children ?? roots).push(made)
      partOf[row] = made
    }
    const caller =
      above < 0
        ? undefined
        : service((rows[above] as (typeof rows)[number]).record.resource.service)
    if (span.kind === SpanKind.client || span.kind === SpanKind.producer) {
      const made = step(here, undefined)
      add(made)
      const side = databaseOf(span) || peerOf(span)
      if (side !== '') peers.push({ step: made, side })
    } else if (caller === undefined) {
      const entered = span.kind === SpanKind.server || span.kind === SpanKind.consumer
      add(step(entered ? '' : here, here))
    } else if (caller === here && !isAnswer(span.kind, outer)) partOf[row] = outer
    else if (outer !== undefined && outer.to === undefined) {
      // The other half of a call: both are one.
      outer.to = here
      partOf[row] = outer
    } else add(step(caller, here))
  }
  for (const { step, side } of peers) step.to ??= peer(side)
  return roots
}

/** Whether a service calls itself over the network. */
function isAnswer(kind: SpanKind, outer: Step | undefined): boolean {
  return kind === SpanKind.server && outer !== undefined && outer.to === undefined
}
