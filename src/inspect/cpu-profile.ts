/** V8's CPU profile (Chrome DevTools Protocol, `Profiler.Profile`), as far as it is read. Times are microseconds of the monotonic clock. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
  readonly startTime: number
  readonly endTime: number
  /** Ids of the nodes that were on top, and the time since the sample before. */
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
  /** Where our own code lies, for those who draw the profile; not a part of V8's format. */
  readonly recorder?: string
}

export interface ProfileNode {
  readonly id: number
  readonly callFrame?: { readonly functionName: string }
  readonly hitCount?: number
  readonly children?: readonly number[]
}

/** What a profile saw from one moment to another, without the nodes of which nothing is left. */
export function cutProfile(profile: CpuProfile, from: number, to: number): CpuProfile {
  const samples: number[] = []
  const timeDeltas: number[] = []
  const hits = new Map<number, number>()
  let time = profile.startTime
  let before = from
  profile.samples.forEach((id, i) => {
    time += profile.timeDeltas[i] ?? 0
    if (time < from || time > to) return
    samples.push(id)
    timeDeltas.push(time - before)
    before = time
    hits.set(id, (hits.get(id) ?? 0) + 1)
  })
  const kept = withAncestors(profile.nodes, hits)
  const nodes = profile.nodes
    .filter(({ id }) => kept.has(id))
    .map((node) => ({
      ...node,
      hitCount: hits.get(node.id) ?? 0,
      children: (node.children ?? []).filter((id) => kept.has(id))
    }))
  return { nodes, startTime: from, endTime: to, samples, timeDeltas }
}

function withAncestors(
  nodes: readonly ProfileNode[],
  hits: ReadonlyMap<number, number>
): ReadonlySet<number> {
  const parents = new Map<number, number>()
  for (const { id, children = [] } of nodes) for (const child of children) parents.set(child, id)
  // The root stays, that there is one.
  const kept = new Set(nodes.slice(0, 1).map(({ id }) => id))
  for (const id of hits.keys())
    for (let at: number | undefined = id; at !== undefined && !kept.has(at); at = parents.get(at))
      kept.add(at)
  return kept
}
