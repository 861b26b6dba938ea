import { Graph, layout } from '@dagrejs/dagre'
import type { ServiceMap } from '../../src/wire/status.ts'

export interface Point {
  readonly x: number
  readonly y: number
}

/** Where everything stands, in pixels from the top left corner. */
export interface Layout {
  readonly width: number
  readonly height: number
  /** Top left corners, by name. */
  readonly nodes: ReadonlyMap<string, Point>
  /** By `edgeKey`. `label` is the middle of where its text stands. */
  readonly edges: ReadonlyMap<string, { readonly points: readonly Point[]; readonly label: Point }>
}

export const nodeWidth = 190
export const nodeHeight = 72
const labelWidth = 104
const labelHeight = 18

export function edgeKey({ from, to }: { from: string; to: string }): string {
  return JSON.stringify([from, to])
}

/** What decides where things stand: who is there and who calls whom, and no figure of either. */
export function shapeOf({ nodes, edges }: ServiceMap): string {
  return JSON.stringify([nodes.map(({ name }) => name).sort(), edges.map(edgeKey).sort()])
}

/** Layers from left to right. The same services and calls give the same picture, in whatever order they come. */
export function arrange({ nodes, edges }: ServiceMap): Layout {
  const graph = new Graph({ directed: true, multigraph: false, compound: false })
  graph.setGraph({ rankdir: 'LR', nodesep: 22, edgesep: 14, ranksep: 46, marginx: 8, marginy: 8 })
  const names = nodes.map(({ name }) => name).sort()
  for (const name of names) graph.setNode(name, { width: nodeWidth, height: nodeHeight })
  const known = new Set(names)
  const drawn = edges.filter(({ from, to }) => known.has(from) && known.has(to))
  for (const { from, to } of drawn.toSorted((a, b) => (edgeKey(a) < edgeKey(b) ? -1 : 1)))
    graph.setEdge(from, to, { width: labelWidth, height: labelHeight, labelpos: 'c' })
  layout(graph)
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number }
  return {
    width,
    height,
    nodes: new Map(
      names.map((name) => {
        const { x, y } = graph.node(name) as Point
        return [name, { x: x - nodeWidth / 2, y: y - nodeHeight / 2 }]
      })
    ),
    edges: new Map(
      drawn.map((edge) => {
        const { points, x, y } = graph.edge(edge.from, edge.to) as Point & { points: Point[] }
        return [edgeKey(edge), { points, label: { x, y } }]
      })
    )
  }
}

/** A smooth line through the middles of the bends. */
export function pathOf(points: readonly Point[]): string {
  const [first, ...rest] = points
  const last = rest.pop()
  if (first === undefined || last === undefined) return ''
  let path = `M${at(first)}`
  for (const [i, bend] of rest.entries()) {
    const next = rest[i + 1]
    const end = next === undefined ? last : { x: (bend.x + next.x) / 2, y: (bend.y + next.y) / 2 }
    path += ` Q${at(bend)} ${at(end)}`
  }
  return rest.length === 0 ? `${path} L${at(last)}` : path
}

function at({ x, y }: Point): string {
  return `${Math.round(x * 10) / 10} ${Math.round(y * 10) / 10}`
}
