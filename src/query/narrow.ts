import type { SpanData } from '../base/span-data.ts'
import type { Query, Term } from '../wire/query.ts'
import { isScalar, type SpanTest } from '../wire/query-spans.ts'
import type { Summary } from '../wire/summary.ts'
import type { Narrowing, WantedSpan } from './types.ts'

/** The query, and what other systems' APIs ask for that its language has no words for. */
export function narrow(query: Query, { from, to, span }: Narrowing): Query {
  const terms: Term[] = []
  if (from !== undefined || to !== undefined) {
    const [first = -Infinity, last = Infinity] = [from, to]
    terms.push(ofSummary(({ start }) => start >= first && start <= last))
  }
  const service = span?.service
  if (service !== undefined) terms.push(ofSummary(({ services }) => services.includes(service)))
  if (span !== undefined && (asksForMore(span) || query.terms.some(isOfOneSpan)))
    terms.push(ofSpan(span))
  if (terms.length === 0) return query
  const all = [...terms, ...query.terms]
  return { ...query, terms: all, needsSpans: all.some(({ spans }) => spans !== undefined) }
}

// That the service took part is known without a look at its spans.
function asksForMore({ service: _service, ...rest }: WantedSpan): boolean {
  return Object.values(rest).some((one) => one !== undefined)
}

function isOfOneSpan({ spans, negated }: Term): boolean {
  return spans?.sameSpan === true && !negated
}

function ofSummary(decide: (summary: Summary) => boolean): Term {
  return { text: '', negated: false, decide, spans: undefined, textsAlone: false }
}

/** Held by the same span as the query's attributes. */
function ofSpan(wanted: WantedSpan): Term {
  const { service, name, kind, status, minDuration = 0, maxDuration = Infinity } = wanted
  const needle = name?.toLowerCase() ?? ''
  const spans: SpanTest = {
    sameSpan: true,
    test(found, resource) {
      // The reader's records hold whole spans.
      const span = found as SpanData
      const duration = span.duration / 1e6
      return (
        (service === undefined || resource.service === service) &&
        (name === undefined || span.name === name) &&
        (kind === undefined || span.kind === kind) &&
        (status === undefined || span.status === status) &&
        duration >= minDuration &&
        duration <= maxDuration
      )
    },
    possible: (lacks) => needle === '' || isScalar(needle) || !lacks(needle)
  }
  return { text: '', negated: false, decide: () => undefined, spans, textsAlone: true }
}
