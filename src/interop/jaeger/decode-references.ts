import { field, list } from '../../base/fields.ts'
import type { SpanId } from '../../base/ids.ts'
import type { SpanLink } from '../../base/span-data.ts'
import type { AttributeRules } from '../../trace/received-attributes.ts'
import { spanIdIn, traceIdIn } from './identity.ts'
import { refTypeKey } from './tags.ts'

export interface References {
  readonly parentId: SpanId | undefined
  readonly links: readonly SpanLink[]
  readonly droppedLinks: number
}

/** As Jaeger reads them: the parent is the first that is child of a span of this trace, else the first that follows from one; all others are links. */
export function readReferences(raw: unknown, traceId: string, rules: AttributeRules): References {
  const found: { link: SpanLink; childOf: boolean }[] = []
  let droppedLinks = 0
  for (const reference of list(field(raw, 'references'))) {
    const spanId = spanIdIn(reference)
    const of = traceIdIn(reference)
    if (spanId === undefined || of === undefined || found.length > rules.limits.links) {
      droppedLinks++
      continue
    }
    const childOf = field(reference, 'refType') !== 'FOLLOWS_FROM'
    const attributes = childOf ? [refTypeKey, 'child_of'] : []
    found.push({ link: { traceId: of, spanId, traceState: '', attributes }, childOf })
  }
  const here = found.filter(({ link }) => link.traceId === traceId)
  const parent = here.find(({ childOf }) => childOf) ?? here[0]
  const rest = found.filter((one) => one !== parent).map(({ link }) => link)
  const links = rest.slice(0, rules.limits.links)
  return {
    parentId: parent?.link.spanId ?? spanIdIn(raw, 'parentSpanID'),
    links,
    droppedLinks: droppedLinks + rest.length - links.length
  }
}
