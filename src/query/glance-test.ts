import type { Glance } from '../store/types.ts'
import type { Query, Term } from '../wire/query.ts'
import type { SpanTest } from '../wire/query-spans.ts'
import { Needles } from './needles.ts'

/**
 * Passes over traces that cannot match, by as little of them as tells so: figures are read one by one, attributes found in the bytes.
 * Nearly all traces of a search end here; what passes is looked at in full.
 */
export class GlanceTest {
  readonly #terms: readonly Term[]
  readonly #needles = new Needles()
  #glance!: Glance
  readonly #lacks = (text: string): boolean =>
    this.#needles.allows(text) && this.#glance.lacks(text)

  constructor({ terms }: Query) {
    const figures = terms.filter(({ spans }) => spans === undefined)
    this.#terms = [...figures, ...terms.filter(({ spans }) => spans !== undefined)]
  }

  /** False only when the trace does not match. */
  passes(glance: Glance): boolean {
    this.#glance = glance
    for (const term of this.#terms) if (this.#fails(term)) return false
    return true
  }

  #fails(term: Term): boolean {
    const { spans } = term
    if (spans === undefined || (term.negated && spans.attribute === undefined))
      return term.decide(this.#glance) === false
    if (term.negated) return spans.attribute?.enough === true && this.#has(spans)
    const impossible = !spans.possible(this.#lacks) || !this.#has(spans)
    return impossible && (term.textsAlone || term.decide(this.#glance) !== true)
  }

  // True, too, when it is no attribute that is asked for.
  #has({ attribute }: SpanTest): boolean {
    return attribute === undefined || this.#glance.holds(attribute)
  }
}
