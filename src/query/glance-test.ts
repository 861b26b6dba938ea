import type { Glance } from '../store/types.ts'
import type { Query, Term } from '../wire/query.ts'
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
    const { spans, negated } = term
    const glance = this.#glance
    if (spans === undefined) return term.decide(glance) === false
    if (negated)
      return (
        term.decide(glance) === false ||
        (spans.wanted?.enough === true && glance.holds(spans.wanted))
      )
    const possible = spans.possible(this.#lacks)
    if (!possible && term.textsAlone) return true
    const held = possible && (spans.wanted === undefined || glance.holds(spans.wanted))
    return !held && term.decide(glance) !== true
  }
}
