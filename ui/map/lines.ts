import { edgeKey, type Layout, type Point } from './layout.ts'

export interface Line {
  readonly path: string
  /** It leads against the direction of the others. */
  readonly back: boolean
}

interface End {
  readonly key: string
  readonly side: string
  /** Where the line goes to from here. */
  readonly towards: Point
}

/** Pixels between two lines at one side of a box. */
const apart = 11

/**
 * The lines of all calls, by `edgeKey`. They leave a box at the side that the calls lead to and arrive at the other one, each at a place of its
 * own, in the order in which they come, so that they cross no more than they must.
 */
export function linesOf(
  edges: readonly { from: string; to: string }[],
  layout: Layout
): ReadonlyMap<string, Line> {
  const { upright, node } = layout
  const along = (point: Point): number => (upright ? point.y : point.x)
  const across = (point: Point): number => (upright ? point.x : point.y)
  const all = edges.flatMap((edge) => {
    const [from, to] = [layout.nodes.get(edge.from), layout.nodes.get(edge.to)]
    if (!from || !to) return []
    const key = edgeKey(edge)
    const bends = layout.edges.get(key)?.bends ?? []
    const back = along(to) < along(from)
    const ahead = !back
    // What calls itself has a loop at one side.
    const around = back || edge.from === edge.to
    const begin = { key, side: sideOf(edge.from, ahead), towards: bends[0] ?? to }
    const end = { key, side: sideOf(edge.to, around), towards: bends.at(-1) ?? from }
    return [{ key, from, to, bends, back, ahead, around, begin, end }]
  })
  const ends = all.flatMap(({ begin, end }) => [begin, end])
  const shifts = shiftsOf(ends, across, upright ? node.width : node.height)
  return new Map(
    all.map(({ key, from, to, bends, back, ahead, around, begin, end }) => {
      const points = [
        port(layout, from, ahead, shifts.get(begin) ?? 0),
        ...bends,
        port(layout, to, around, shifts.get(end) ?? 0)
      ]
      return [key, { back, path: curve(points, upright) }]
    })
  )
}

function sideOf(name: string, far: boolean): string {
  return JSON.stringify([name, far])
}

function shiftsOf(
  ends: readonly End[],
  across: (point: Point) => number,
  room: number
): ReadonlyMap<End, number> {
  const shifts = new Map<End, number>()
  const sides = new Map<string, End[]>()
  for (const end of ends) sides.set(end.side, [...(sides.get(end.side) ?? []), end])
  for (const here of sides.values()) {
    const step = Math.min(apart, (room - 16) / here.length)
    const sorted = here.toSorted(
      (a, b) => across(a.towards) - across(b.towards) || (a.key < b.key ? -1 : 1)
    )
    for (const [i, end] of sorted.entries()) shifts.set(end, (i - (sorted.length - 1) / 2) * step)
  }
  return shifts
}

/** A place at a side of a box: the one that calls lead from, `far`, or the one where they arrive. */
function port({ node, upright }: Layout, { x, y }: Point, far: boolean, shift: number): Point {
  return upright
    ? { x: x + node.width / 2 + shift, y: far ? y + node.height : y }
    : { x: far ? x + node.width : x, y: y + node.height / 2 + shift }
}

/** Smooth, and straight ahead at every bend. */
export function curve([first, ...rest]: readonly Point[], upright: boolean): string {
  if (first === undefined) return ''
  let path = `M${at(first)}`
  let from = first
  for (const to of rest) {
    const middle = upright ? (from.y + to.y) / 2 : (from.x + to.x) / 2
    const [one, other] = upright
      ? [
          { x: from.x, y: middle },
          { x: to.x, y: middle }
        ]
      : [
          { x: middle, y: from.y },
          { x: middle, y: to.y }
        ]
    path += ` C${at(one)} ${at(other)} ${at(to)}`
    from = to
  }
  return path
}

function at({ x, y }: Point): string {
  return `${Math.round(x * 10) / 10} ${Math.round(y * 10) / 10}`
}

/** Whether so many fail that it is drawn: one lost call of thousands would make every line of a busy map red. */
export function isFailing(failed: number, calls: number): boolean {
  return failed > 0 && failed >= calls / 100
}
