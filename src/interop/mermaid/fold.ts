import type { Step } from './steps.ts'

/** Steps that look the same and follow each other, as one. */
export interface Folded {
  readonly step: Step
  readonly times: number
  /** Of all of them, in nanoseconds. */
  readonly duration: number
  readonly children: readonly Folded[]
}

/** Folds repetitions, of whatever depth. Without recursion, since a chain of calls may be as long as a trace. Stops now and then. */
export function* fold(roots: readonly Step[]): Generator<void, readonly Folded[]> {
  const all: Step[] = [...roots]
  for (let i = 0; i < all.length; i++)
    for (const child of (all[i] as Step).children) all.push(child)
  const looks = new Map<string, number>()
  const lookOf = new Map<Step, number>()
  const foldedOf = new Map<Step, readonly Folded[]>()
  // Children stand behind their parents.
  for (let i = all.length - 1; i >= 0; i--) {
    if (i % 256 === 0) yield
    const step = all[i] as Step
    const children = join(step.children, lookOf, foldedOf)
    const inside = children.map(({ step: child, times }) => [lookOf.get(child), times])
    const { from, to, name, failed, message } = step
    const key = JSON.stringify([from, to, name, failed, message, inside])
    const look = looks.get(key) ?? looks.size
    looks.set(key, look)
    lookOf.set(step, look)
    foldedOf.set(step, children)
  }
  return join(roots, lookOf, foldedOf)
}

function join(
  steps: readonly Step[],
  lookOf: ReadonlyMap<Step, number>,
  foldedOf: ReadonlyMap<Step, readonly Folded[]>
): Folded[] {
  const joined: Folded[] = []
  for (const step of steps) {
    const last = joined.at(-1)
    if (last !== undefined && lookOf.get(last.step) === lookOf.get(step))
      joined[joined.length - 1] = {
        ...last,
        times: last.times + 1,
        duration: last.duration + step.duration
      }
    else
      joined.push({ step, times: 1, duration: step.duration, children: foldedOf.get(step) ?? [] })
  }
  return joined
}
