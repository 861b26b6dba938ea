import type { TraceId } from '../../../base/ids.ts'
import { sampledFlag } from '../../../base/span-context.ts'
import type { SpanData, TraceRecord } from '../../../base/span-data.ts'
import {
  randomnessOf,
  readThreshold,
  type Threshold,
  thresholdOf,
  withThreshold
} from '../../../span/probability.ts'
import { rootOf } from '../../../trace/summary.ts'
import { copyOf } from '../queue.ts'
import { policyOf, routePolicyOf, type TailPolicies } from './policies.ts'
import { rateLimit } from './rate-limit.ts'

/** Why a trace leaves, or why it stays. */
export type TailReason =
  | 'errors'
  | 'slow'
  | 'attributes'
  | 'parent'
  | 'ratio'
  | 'not chosen'
  | 'rate limit'

export interface TailSetup {
  readonly policies: TailPolicies
  /** Share of traces that is recorded at all. */
  readonly recorded: number
  readonly now: () => number
}

interface Decision {
  readonly reason: TailReason
  readonly leaves: boolean
  /** By which chance; undefined where nobody can say. */
  readonly threshold: Threshold | undefined
}

/** Traces whose decision is remembered for their late spans; up to twice as many are. */
const remembered = 4096

/** Where the reason stands on what leaves: the name that the Collector's tail sampling gives it. */
const policyKey = 'tailsampling.policy'

/**
 * Chooses what is exported when a trace is complete here. A trace leaves as a whole or not at all: spans that end later follow its first
 * record, as long as that is remembered.
 */
export class TailSampler {
  /** Traces so far, by reason. */
  readonly counts: Map<TailReason, number> = new Map()
  readonly #setup: TailSetup
  readonly #recorded: Threshold
  /** By which a trace that begins here is flagged as sampled, before its route is known. */
  readonly #flagged: Threshold | undefined
  readonly #limit: (() => boolean) | undefined
  // Two generations: to delete a map's oldest entry for each new one makes V8 step over all that were deleted before, 6 us a trace.
  #decisions = new Map<TraceId, Decision>()
  #older: ReadonlyMap<TraceId, Decision> = new Map()

  constructor(setup: TailSetup) {
    const { tracesPerSecond } = setup.policies
    this.#setup = setup
    this.#recorded = thresholdOf(setup.recorded) ?? ''
    this.#flagged = thresholdOf(setup.policies.ratio)
    this.#limit = tracesPerSecond === undefined ? undefined : rateLimit(tracesPerSecond, setup.now)
  }

  /** The record as it leaves; undefined when it stays. */
  choose(record: TraceRecord): TraceRecord | undefined {
    const { traceId } = record
    const known = this.#decisions.get(traceId) ?? this.#older.get(traceId)
    const decision = known ?? this.#decide(record)
    if (known === undefined) this.#remember(traceId, decision)
    return decision.leaves ? marked(record, decision, known === undefined) : undefined
  }

  #remember(traceId: TraceId, decision: Decision): void {
    const { reason } = decision
    this.counts.set(reason, (this.counts.get(reason) ?? 0) + 1)
    if (this.#decisions.size >= remembered) {
      this.#older = this.#decisions
      this.#decisions = new Map()
    }
    this.#decisions.set(traceId, decision)
  }

  #decide(record: TraceRecord): Decision {
    const wanted = this.#wanted(record)
    if (!wanted.leaves || this.#limit === undefined) return wanted
    // How many others were held back is not known while this one is counted.
    if (this.#limit()) return { ...wanted, threshold: undefined }
    return { reason: 'rate limit', leaves: false, threshold: undefined }
  }

  #wanted(record: TraceRecord): Decision {
    const { policies } = this.#setup
    const root = rootOf(record.spans)
    const route = routePolicyOf(root, policies.routes)
    const policy = policyOf(record, root, policies, route)
    // All such traces leave, so each stands for itself, but for those that were not recorded.
    if (policy !== undefined) return { reason: policy, leaves: true, threshold: this.#recorded }
    const own = route?.ratio === undefined ? this.#flagged : thresholdOf(route.ratio)
    return this.#byChance(record.traceId, root, own)
  }

  /** What its random bits say, and who came before: a trace that others export would miss our part. */
  #byChance(traceId: TraceId, root: SpanData, own: Threshold | undefined): Decision {
    const randomness = randomnessOf(traceId, root.traceState)
    const byRatio = isAbove(randomness, own)
    const flagged = (root.flags & sampledFlag) !== 0
    const byParent = flagged && (root.parentRemote || !isAbove(randomness, this.#flagged))
    if (!byRatio && !byParent) return { reason: 'not chosen', leaves: false, threshold: undefined }
    const said = readThreshold(root.traceState)
    const theirs = isAbove(randomness, said) ? said : undefined
    const chance = byParent && byRatio ? lower(own, theirs) : byParent ? theirs : own
    return {
      reason: byRatio ? 'ratio' : 'parent',
      leaves: true,
      threshold: chance !== undefined && chance < this.#recorded ? this.#recorded : chance
    }
  }
}

function isAbove(randomness: string, threshold: Threshold | undefined): boolean {
  return threshold !== undefined && randomness >= threshold
}

function lower(a: Threshold | undefined, b: Threshold | undefined): Threshold | undefined {
  if (a === undefined || b === undefined) return undefined
  return a < b ? a : b
}

/** A copy: the record itself is kept here as it was. */
function marked(record: TraceRecord, { reason, threshold }: Decision, first: boolean): TraceRecord {
  const root = first ? rootOf(record.spans) : undefined
  // Nearly always one tracestate is that of all.
  let [before, after] = ['', withThreshold('', threshold)]
  const spans = record.spans.map((span) => {
    if (span.traceState !== before) {
      before = span.traceState
      after = withThreshold(before, threshold)
    }
    const attributes = span === root ? [...span.attributes, policyKey, reason] : span.attributes
    return { ...copyOf(span), attributes, traceState: after }
  })
  return { ...record, spans }
}
